package dev.swiftbrush.runtime.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class NativeHeapTest {
    @Test
    @EnabledOnOs(OS.LINUX)
    void isTrimmedByTheJvm() throws IOException {
        assumeTrue(Files.readString(Path.of("/proc/self/maps")).contains("/libc.so.6")); // glibc

        assertThat(NativeHeap.trim()).isTrue();
    }
}
