package dev.swiftbrush.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.SwiftBrush;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** From a folder of ONNX files to the pictures that the reference makes of the checkpoint they were exported from. */
class OnnxPictureTest {
    private static final String DECODER = "vae_decoder/model.onnx";

    @TempDir
    Path folder;

    @TempDir
    Path cache;

    static Stream<Reference.Case> cases() {
        return Stream.of("lcm", "sd1").flatMap(name -> Reference.of(Reference.folder(name)).cases().stream());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void anExportDrawsTheSamePicture(Reference.Case expected) {
        OnnxFolders.unpack(expected.reference().toString(), folder);
        requireSamePictures(expected);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void soDoesOneThatRunsAsThreeNetworks(Reference.Case expected) {
        OnnxFolders.unpack(expected.reference().toString(), folder);
        OnnxFolders.edit(
                folder.resolve(DECODER), model -> model.getOpsetImportBuilder(0).setVersion(16));
        requireSamePictures(expected);
    }

    /** At most one level: the two libraries add in another order, which moves a few values over the edge of rounding. */
    private void requireSamePictures(Reference.Case expected) {
        try (SwiftBrush brush = Pictures.open(folder, expected.recipe(), cache)) {
            byte[] pixels = Pictures.pixels(brush, expected);
            Pictures.Difference difference = Pictures.difference(pixels, expected.bytes("pixels"));
            assertThat(difference.largest()).isLessThanOrEqualTo(1);
            assertThat(difference.mean()).isLessThan(0.05);
        }
    }
}
