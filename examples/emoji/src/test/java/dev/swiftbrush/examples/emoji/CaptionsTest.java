package dev.swiftbrush.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CaptionsTest {
    private static final Emoji HEART = emoji("red heart", "Smileys & Emotion", "heart", "love", "emotion");
    private static final Emoji FIREFIGHTER = emoji("firefighter", "People & Body", "person-role");
    private static final Emoji MAN = emoji("man firefighter", "People & Body", "person-role");
    private static final Emoji DARK_MAN = toned("man firefighter: dark skin tone", "man firefighter", List.of("dark"));

    @Test
    void aColouredThingIsCalledByItsNameItsTagsAndItsShapeAlone() {
        assertThat(texts(HEART))
                .containsExactly(
                        "a red heart",
                        "red heart",
                        "heart, red",
                        "a heart",
                        "red heart emoji",
                        "red heart, emotion, love",
                        "emotion",
                        "love");
    }

    @Test
    void aPersonIsCalledByJobGenderAndToneAndByLess() {
        assertThat(texts(DARK_MAN))
                .containsExactly(
                        "a man firefighter with dark skin",
                        "man firefighter: dark skin tone",
                        "firefighter, man, dark skin",
                        "a male firefighter with dark skin",
                        "a firefighter",
                        "a man firefighter");
    }

    @Test
    void onlyCaptionsThatSayLessThanTheLabelAreNotWhole() {
        assertThat(captions().of(DARK_MAN).stream()
                        .filter(caption -> !caption.whole())
                        .map(Caption::text))
                .containsExactly("a firefighter", "a man firefighter");
    }

    @Test
    void aStyleIsAskedForInTheEnd() {
        assertThat(captions().styled(MAN, Style.FLUENT)).isEqualTo("a man firefighter, 3d fluent style");
    }

    @Test
    void labelsAreSpokenAsPeopleWould() {
        assertThat(spoken("man: red hair")).isEqualTo("a man with red hair");
        assertThat(spoken("person: bald")).isEqualTo("a bald person");
        assertThat(spoken("woman in tuxedo: light skin tone", "light")).isEqualTo("a woman in tuxedo with light skin");
        assertThat(spoken("man: dark skin tone, beard", "dark")).isEqualTo("a man with dark skin and a beard");
        assertThat(spoken("woman with white cane: dark skin tone, facing right", "dark"))
                .isEqualTo("a woman with white cane and dark skin, facing right");
        assertThat(spoken("kiss: woman, man, dark skin tone, light skin tone", "dark", "light"))
                .isEqualTo("a kiss between a woman with dark skin and a man with light skin");
        assertThat(spoken("couple with heart: man, man, medium skin tone", "medium"))
                .isEqualTo("a man and a man with a heart, both with medium skin");
        assertThat(spoken("family: man, woman, boy")).isEqualTo("a family of a man, a woman and a boy");
        assertThat(spoken("women holding hands: dark skin tone, light skin tone", "dark", "light"))
                .isEqualTo("women holding hands with dark and light skin");
        assertThat(spoken("keycap: 2")).isEqualTo("keycap 2");
        assertThat(spoken("flag: Togo")).isEqualTo("the flag of Togo");
        assertThat(spoken("two-thirty")).isEqualTo("a clock showing two-thirty");
    }

    @Test
    void nounsHaveTheArticleThatTheyTake() {
        assertThat(List.of(
                        "orange", "unicorn", "hourglass", "one-piece swimsuit", "ear", "uniform", "umbrella", "x-ray"))
                .extracting(English::withArticle)
                .containsExactly(
                        "an orange",
                        "a unicorn",
                        "an hourglass",
                        "a one-piece swimsuit",
                        "an ear",
                        "a uniform",
                        "an umbrella",
                        "an x-ray");
        assertThat(List.of(
                        "grapes", "cactus", "glass of milk", "Libra", "T-Rex", "sushi", "two hearts", "fork and knife"))
                .extracting(English::withArticle)
                .containsExactly(
                        "grapes",
                        "a cactus",
                        "a glass of milk",
                        "Libra",
                        "a T-Rex",
                        "sushi",
                        "two hearts",
                        "a fork and knife");
    }

    @Test
    void onlyWhatHasNoTextFlagOrDirectionIsMirrored() {
        assertThat(Mirroring.allows(HEART)).isTrue();
        assertThat(Mirroring.allows(emoji("red square", "Symbols", "geometric")))
                .isTrue();
        assertThat(Mirroring.allows(emoji("police officer", "People & Body", "person-role")))
                .isTrue();
        assertThat(Mirroring.allows(emoji("police car", "Travel & Places", "transport-ground")))
                .isFalse();
        assertThat(Mirroring.allows(emoji("play button", "Symbols", "av-symbol")))
                .isFalse();
        assertThat(Mirroring.allows(emoji("flag: Togo", "Flags", "country-flag")))
                .isFalse();
        assertThat(Mirroring.allows(emoji("left-facing fist", "People & Body", "hand-fingers-closed")))
                .isFalse();
        assertThat(Mirroring.allows(emoji("waxing gibbous moon", "Travel & Places", "sky & weather")))
                .isFalse();
    }

    private static Captions captions() {
        return Captions.of(List.of(HEART, FIREFIGHTER, MAN, DARK_MAN));
    }

    private static List<String> texts(Emoji emoji) {
        return new ArrayList<>(captions().of(emoji).stream().map(Caption::text).toList());
    }

    private static String spoken(String label, String... tones) {
        return Label.of(toned(label, label, List.of(tones))).spoken();
    }

    private static Emoji emoji(String label, String category, String subcategory, String... tags) {
        return new Emoji("1", label, label, List.of(tags), List.of(), category, subcategory, Map.of());
    }

    private static Emoji toned(String label, String concept, List<String> tones) {
        return new Emoji("1", label, concept, List.of(), tones, "People & Body", "person-role", Map.of());
    }
}
