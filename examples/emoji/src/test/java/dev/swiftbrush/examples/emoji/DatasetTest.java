package dev.swiftbrush.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.examples.emoji.Dataset.Line;
import dev.swiftbrush.train.data.CaptionedImages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetTest {
    private static final HeldOut HELD_OUT = new HeldOut(Set.of("purple heart", "man firefighter: dark skin tone"));

    @TempDir
    Path folder;

    private List<Emoji> emoji;
    private Dataset dataset;

    @BeforeEach
    void read() throws Exception {
        TinyPackages packages = new TinyPackages(folder.resolve("packages"));
        emoji = new EmojiReader(Packages.open(packages.folder(), packages.write())).read();
        dataset = Dataset.of(emoji, Captions.of(emoji), HELD_OUT);
    }

    @Test
    void readsEmojiWithTheirPicturesButNoSwatches() {
        assertThat(emoji)
                .extracting(Emoji::label)
                .containsExactly(
                        "red heart",
                        "purple heart",
                        "red square",
                        "purple square",
                        "flag: Togo",
                        "firefighter",
                        "firefighter: light skin tone",
                        "firefighter: dark skin tone",
                        "man firefighter",
                        "man firefighter: light skin tone",
                        "man firefighter: dark skin tone");
        assertThat(emoji.get(0).pictures()).containsOnlyKeys(Style.values());
        assertThat(emoji.get(4).pictures()).containsOnlyKeys(Style.NOTO, Style.TWEMOJI);
        assertThat(emoji.get(7).tones()).containsExactly("dark");
    }

    @Test
    void everyConceptIsDrawnEquallyOftenAndAFlagSeldom() {
        Map<String, Double> weights = dataset.training().stream()
                .collect(Collectors.groupingBy(line -> concept(line.file()), Collectors.summingDouble(Line::weight)));
        assertThat(weights)
                .containsOnlyKeys(
                        "red heart", "red square", "purple square", "flag: Togo", "firefighter", "man firefighter");
        weights.forEach((concept, weight) -> assertThat(weight)
                .as(concept)
                .isCloseTo(concept.equals("flag: Togo") ? 0.03125 : 1, within(1e-4))); // of rounding
    }

    @Test
    void whatIsHeldOutIsNeitherSeenNorNamedInTraining() {
        assertThat(dataset.training()).noneMatch(line -> line.file().contains("1f49c"));
        assertThat(dataset.captions())
                .doesNotContain("a purple heart", "purple heart", "a man firefighter with dark skin")
                .contains(
                        "a heart",
                        "a man firefighter",
                        "a firefighter with dark skin",
                        "a red heart, flat twemoji style");
        assertThat(dataset.heldOut())
                .extracting(Line::text)
                .containsOnly("a purple heart", "a man firefighter with dark skin")
                .hasSize(6);
    }

    @Test
    void writesWhatTheTrainingReads() throws Exception {
        Path output = folder.resolve("output");
        dataset.write(output);
        CaptionedImages training = CaptionedImages.read(output, 64, 64, 0xFFFFFF);
        assertThat(training.pictures()).hasSize(9 * 3 - 1);
        assertThat(training.captions()).containsExactlyElementsOf(dataset.captions());
        assertThat(training.captions()).containsExactlyElementsOf(Files.readAllLines(output.resolve("captions.txt")));
        assertThat(training.pictures().get(0)).containsOnly((byte) 255);
        CaptionedImages heldOut = CaptionedImages.read(output.resolve("heldout"), 64, 64, 0xFFFFFF);
        assertThat(heldOut.pictures()).hasSize(6);
        assertThat(heldOut.entries()).allMatch(CaptionedImages.Entry::mirrors);
        assertThat(output.resolve("noto/1f49c.png")).doesNotExist();
        assertThat(dataset.summary())
                .isEqualTo(
                        "26 pictures of 9 emoji under %d captions for training, in %d lines; 6 pictures of 2 emoji held out"
                                .formatted(
                                        dataset.captions().size(),
                                        dataset.training().size()));
    }

    @Test
    void promptsAreCaptionsThatAreDrawnOften() {
        List<String> few = dataset.prompts(20);
        assertThat(few).hasSize(20).doesNotHaveDuplicates().isSubsetOf(dataset.captions());
        assertThat(few.stream().filter(text -> text.contains("Togo"))).hasSizeLessThan(2);
        assertThat(dataset.prompts(100_000)).containsExactlyInAnyOrderElementsOf(dataset.captions());
    }

    @Test
    void refusesToHoldOutWhatIsNoEmoji() {
        HeldOut unknown = HeldOut.of("# a comment\n\npink elephant\nred heart\n");
        assertThatThrownBy(() -> unknown.check(emoji)).hasMessage("the held-out 'pink elephant' is no emoji's label");
    }

    @Test
    void refusesToHoldOutAConcept() {
        HeldOut hearts = new HeldOut(Set.of("purple heart", "red heart"));
        assertThatThrownBy(() -> hearts.check(emoji))
                .hasMessage("held out, but never seen in training (label=part): {purple heart=heart, red heart=heart}");
    }

    @Test
    void theListThatIsPublishedHasItsLength() {
        assertThat(HeldOut.published().labels()).hasSize(172).contains("purple heart", "man astronaut: dark skin tone");
    }

    private String concept(String file) {
        return emoji.stream()
                .filter(each -> file.endsWith("/" + each.key() + ".png"))
                .findAny()
                .orElseThrow()
                .concept();
    }
}
