package dev.swiftbrush.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.swiftbrush.runtime.process.ChildJvm.Options;
import dev.swiftbrush.runtime.reference.Reference;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Memory of a process that opens, closes and draws again and again; {@code -Psoak} does it 50 and 2,000 times. */
@EnabledOnOs(OS.LINUX)
class MemoryTest {
    private static final Logger log = LoggerFactory.getLogger(MemoryTest.class);
    private static final boolean SOAK = Boolean.getBoolean("swiftbrush.soak");

    @Test
    @Timeout(1200)
    void openingClosingAndDrawingDoNotMakeTheProcessGrow(@TempDir Path cache) throws Exception {
        int opens = SOAK ? 50 : 5;
        int images = SOAK ? 2_000 : 100;
        List<String> jvm = List.of(
                "-Xms64m",
                "-Xmx64m",
                "-XX:+AlwaysPreTouch",
                "-XX:MaxDirectMemorySize=64m",
                "-XX:TieredStopAtLevel=1", // the other compiler takes 20 MB when it gets to it
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
        // an arena for each thread, as glibc has it, is fragmented anew with each model's threads: 10 MB more or less
        Options options = new Options(jvm, List.of(), Map.of("MALLOC_ARENA_MAX", "2"));
        try (ChildJvm child =
                ChildJvm.start(OpenCloseAndDraw.class, options, Reference.folder("sd2"), cache, opens, images)) {
            long start = Long.parseLong(child.value("start"));
            long opened = Long.parseLong(child.value("opened"));
            long end = Long.parseLong(child.value("end"));
            long one = Long.parseLong(child.value("one"));
            log.info(
                    "Resident: {} MB at first, {} MB after {} times open and close, {} MB after {} images; an open model takes {} MB",
                    start >> 20,
                    opened >> 20,
                    opens,
                    end >> 20,
                    images,
                    one / 1e6);
            assertThat(end - start).as("growth in bytes").isLessThan(48L << 20);
        }
    }

    @Test
    @Timeout(300)
    void memoryThatTheOperatingSystemRefusesIsAnErrorThatTheModelSurvives(@TempDir Path cache) throws Exception {
        assumeTrue(hasPrlimit(), "no prlimit here");
        Options options = Options.jvm("-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch");
        try (ChildJvm child = ChildJvm.start(ShortOfMemory.class, options, Reference.folder("sd2"), cache)) {
            assertThat(child.value("failure"))
                    .startsWith(
                            "DeviceException: There was not enough memory for the generator; draw smaller images, fewer at once, or free memory [");
            assertThat(child.value("same")).isEqualTo("true");
            assertThat(child.value("large")).isEqualTo("512x512");
            assertThat(child.value("failed")).isEqualTo("2");
            assertThat(child.value("completed")).isEqualTo("3");
        }
    }

    private static boolean hasPrlimit() throws InterruptedException {
        try {
            return new ProcessBuilder("prlimit", "--version").start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
