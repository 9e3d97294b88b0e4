package dev.swiftbrush;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class SdkVersionTest {

    private static String read(String properties) throws IOException {
        return SdkVersion.read(new ByteArrayInputStream(properties.getBytes(ISO_8859_1)));
    }

    @Test
    void theBuildWritesTheVersion() {
        assertThat(SdkVersion.current()).matches("\\d+\\.\\d+\\.\\d+(-.+)?");
    }

    @Test
    void isUnreleasedWhereTheBuildDidNotWriteIt() throws IOException {
        assertThat(read("version=1.2.3")).isEqualTo("1.2.3");
        assertThat(read("version=${project.version}")).isEqualTo("unreleased");
        assertThat(read("")).isEqualTo("unreleased");
    }
}
