package dev.swiftbrush.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.examples.emoji.Packages.Pin;
import java.io.InputStream;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class NpmTest {

    @TempDir
    Path folder;

    @Test
    void saysWhatToDoWithoutNpm() {
        assertThatThrownBy(() -> new Npm("no-such-npm").install(folder))
                .hasMessage(
                        "no-such-npm cannot be started; install Node.js, which brings it, or give --packages a node_modules folder with the packages of %s",
                        folder.resolve("package.json"));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void saysHowNpmEnded() {
        assertThatThrownBy(() -> new Npm("false").install(folder))
                .hasMessage(
                        "false ended with exit code 1; its messages are above, and it can be run by hand: npm ci in %s",
                        folder);
    }

    @Test
    void everyPackageIsLockedByItsHash() throws Exception {
        try (InputStream in = Npm.class.getResourceAsStream("npm/package-lock.json")) {
            JsonNode locked = new ObjectMapper().readTree(in).path("packages");
            for (Pin pin : Packages.PINNED) {
                JsonNode entry = locked.path("node_modules/" + pin.name());
                assertThat(entry.path("version").asText()).isEqualTo(pin.version());
                assertThat(entry.path("integrity").asText()).startsWith("sha512-");
            }
        }
    }
}
