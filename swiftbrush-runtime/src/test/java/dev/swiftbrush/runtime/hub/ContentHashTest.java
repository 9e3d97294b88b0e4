package dev.swiftbrush.runtime.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContentHashTest {

    @Test
    void isGitsOfASmallFileAndSha256OfALargeOne(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "test content\n");

        // echo 'test content' | git hash-object --stdin, from the Pro Git book, section 10.2
        assertThat(new ContentHash("0".repeat(40)).of(file)).isEqualTo("d670460b4b4aece5915caf5c68d12f560a9fe3e4");
        // echo 'test content' | sha256sum, GNU coreutils
        assertThat(new ContentHash("0".repeat(64)).of(file))
                .isEqualTo("a1fff0ffefb9eace7230c24e50731f0a91c62f9cefdfe77121c2f607125dffae");
    }

    @Test
    void readsTags() {
        String git = "d670460b4b4aece5915caf5c68d12f560a9fe3e4";

        assertThat(ContentHash.parse("\"" + git + "\"")).contains(new ContentHash(git));
        assertThat(ContentHash.parse("W/\"" + git + "\"")).contains(new ContentHash(git));
        assertThat(ContentHash.parse(git)).contains(new ContentHash(git));
        assertThat(ContentHash.parse("\"../" + git.substring(3) + "\"")).isEmpty();
        assertThat(ContentHash.parse("")).isEmpty();
    }

    @Test
    void isSafeAsANameOfAFile() {
        assertThatThrownBy(() -> new ContentHash("../x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("neither a SHA-256 nor a git hash: ../x");
    }
}
