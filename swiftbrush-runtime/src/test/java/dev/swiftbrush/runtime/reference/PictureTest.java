package dev.swiftbrush.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.recipe.Recipes;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** From a folder on disk to pixels through the public API alone, against the reference's pictures. */
class PictureTest {
    @TempDir
    Path cache;

    static Stream<Reference.Case> cases() {
        return Reference.allCases();
    }

    @Test
    void everyRecipeHasAPicture() {
        assertThat(cases().map(Reference.Case::recipe).distinct()).containsExactlyInAnyOrderElementsOf(Recipes.names());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aPromptBecomesTheSamePicture(Reference.Case expected) {
        try (SwiftBrush brush = Pictures.open(expected.reference().folder(), expected.recipe(), cache)) {
            byte[] pixels = Pictures.pixels(brush, expected);
            Pictures.Difference difference = Pictures.difference(pixels, expected.bytes("pixels"));
            assertThat(difference.largest()).isLessThanOrEqualTo(1);
            assertThat(difference.mean()).isLessThan(0.05);
        }
    }
}
