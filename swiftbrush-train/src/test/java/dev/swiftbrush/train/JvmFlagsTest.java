package dev.swiftbrush.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.DeviceException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JvmFlagsTest {

    private static final String BYTES = "org.bytedeco.javacpp.maxBytes";
    private static final String PHYSICAL = "org.bytedeco.javacpp.maxPhysicalBytes";

    @Test
    void namesTheFlagsThatAreMissingOrDiffer() {
        assertThat(JvmFlags.missing(Map.of(BYTES, "0", PHYSICAL, "0")::get)).isEmpty();
        assertThat(JvmFlags.missing(Map.of(BYTES, "0", PHYSICAL, "8g")::get)).containsExactly("-D" + PHYSICAL + "=0");
        assertThat(JvmFlags.missing(name -> null)).containsExactly("-D" + BYTES + "=0", "-D" + PHYSICAL + "=0");
    }

    @Test
    void listsWhatAJvmIsToBeStartedWith() {
        assertThat(JvmFlags.all())
                .containsExactly(
                        "-D" + BYTES + "=0",
                        "-D" + PHYSICAL + "=0",
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-Xmn32m");
    }

    @Test
    void refusesAJvmThatWouldEndALongRun() {
        assertThatCode(JvmFlags::require).doesNotThrowAnyException(); // the tests' own has the flags
        String kept = System.clearProperty(PHYSICAL);
        try {
            assertThatThrownBy(JvmFlags::require)
                    .isInstanceOf(DeviceException.class)
                    .hasMessage(
                            "this JVM was started without -Dorg.bytedeco.javacpp.maxPhysicalBytes=0, so JavaCPP would end a long run; add it, or start with TrainingJvm");
        } finally {
            System.setProperty(PHYSICAL, kept);
        }
    }
}
