package dev.swiftbrush.runtime.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessorTest {
    @TempDir
    Path folder;

    @Test
    void isToldByItsMakeAndWhatItCan() throws IOException {
        String first = """
                processor\t: 0
                vendor_id\t: AuthenticAMD
                cpu family\t: 25
                model\t\t: 1
                model name\t: AMD EPYC
                cpu MHz\t\t: %s
                flags\t\t: fpu avx2%s
                """;
        Optional<String> one = kind(first.formatted("2445.404", "") + "\nprocessor\t: 1\nflags\t\t: none\n");

        assertThat(one).contains("vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\nflags\t\t: fpu avx2");
        assertThat(kind(first.formatted("3000.000", ""))).isEqualTo(one);
        assertThat(kind(first.formatted("2445.404", " avx512f"))).isNotEqualTo(one);
    }

    @Test
    void whereNothingTellsItIsUnknown() throws IOException {
        assertThat(kind("\nprocessor : 0\n")).isEmpty();
        assertThat(Processor.kind(folder.resolve("none"), name -> null)).isEmpty();
    }

    @Test
    void windowsTellsItInTheEnvironment() {
        String kind = "AMD64 Family 25 Model 1 Stepping 1, AuthenticAMD";
        assertThat(Processor.kind(folder.resolve("none"), name -> name.equals("PROCESSOR_IDENTIFIER") ? kind : null))
                .contains(kind);
    }

    private Optional<String> kind(String info) throws IOException {
        return Processor.kind(Files.writeString(folder.resolve("cpuinfo"), info), name -> null);
    }
}
