package dev.swiftbrush.train.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptsTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = folder.resolve("prompts.txt");
    }

    @Test
    void readsAPromptFromEveryLine() throws IOException {
        assertThat(read("a cat\na dog, 日本 🦊\n  spaces stay \nlast"))
                .isEqualTo(new Prompts(List.of("a cat", "a dog, 日本 🦊", "  spaces stay ", "last"), 0, 0));
    }

    @Test
    void aByteOrderMarkAndWindowsLineEndsAreNoPartOfPrompts() throws IOException {
        assertThat(read("\uFEFFa cat\r\na \uFEFFdog\r\nend\r").list()).containsExactly("a cat", "a \uFEFFdog", "end");
    }

    @Test
    void duplicatesAndEmptyLinesAreCountedAndLeftOut() throws IOException {
        assertThat(read("b\n\na\nb\n \t\r\nB\na\n\n")).isEqualTo(new Prompts(List.of("b", "a", "B"), 2, 3));
    }

    @Test
    void refusesAFileWithoutPrompts() throws IOException {
        assertThatThrownBy(() -> read("\n \n"))
                .isInstanceOf(StorageException.class)
                .hasMessage("%s holds no prompts, but 2 empty lines", file);
        assertThatThrownBy(() -> read("")).hasMessage("%s holds no prompts, but 0 empty lines", file);
    }

    @Test
    void refusesWhatIsNotUtf8ByTheNumberOfItsLine() throws IOException {
        assertThatThrownBy(() -> read("a cat\n\na caf\u00e9 table\n", ISO_8859_1))
                .isInstanceOf(StorageException.class)
                .hasMessage("%s: line 3 is not UTF-8; write the file in that encoding", file);
        Files.write(file, new byte[] {'a', '\n', (byte) 0xed, (byte) 0xa0, (byte) 0x80}); // half of a surrogate pair
        assertThatThrownBy(() -> Prompts.read(file))
                .hasMessage("%s: line 2 is not UTF-8; write the file in that encoding", file);
    }

    @Test
    void refusesWhatIsNotText() {
        assertThatThrownBy(() -> read("a cat", UTF_16))
                .isInstanceOf(StorageException.class)
                .hasMessage("%s: line 1 holds a NUL; is it a text file in UTF-8?", file);
    }

    @Test
    void refusesALineThatIsTooLong() throws IOException {
        String longest = "x".repeat(Prompts.MAX_LINE_BYTES);
        assertThat(read("a\n" + longest).list()).contains(longest);
        assertThatThrownBy(() -> read("a\n" + longest + "x"))
                .isInstanceOf(StorageException.class)
                .hasMessage("%s: line 2 has more than 65536 bytes; is it a file with a prompt on every line?", file);
    }

    @Test
    void refusesAFileThatIsTooLargeUnread() throws IOException {
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(Prompts.MAX_FILE_BYTES + 1);
        }
        assertThatThrownBy(() -> Prompts.read(file))
                .isInstanceOf(StorageException.class)
                .hasMessage("%s has 4294967297 bytes; at most 4294967296 are read, so split it", file);
    }

    @Test
    void refusesMorePromptsThanFitIntoMemory() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            lines.append(i).append('\n');
        }
        Files.writeString(file, lines);
        assertThat(Prompts.read(file, 3 << 20).count()).isEqualTo(20_000);
        assertThatThrownBy(() -> Prompts.read(file, 1 << 20))
                .isInstanceOf(StorageException.class)
                .hasMessageMatching(
                        ".*: line \\d{4} is the last that fits into 1 MB of memory; raise -Xmx, or split the file");
    }

    @Test
    void refusesAFileThatIsNotThere() {
        assertThatThrownBy(() -> Prompts.read(file))
                .isInstanceOf(StorageException.class)
                .hasMessage("%s cannot be read: NoSuchFileException", file);
    }

    @Test
    void theHashTellsListsApart() throws IOException {
        String hash = read("a cat\na dog\n").sha256();

        // printf '\0\0\0\5a cat\0\0\0\5a dog' | sha256sum
        assertThat(hash).isEqualTo("b6d4958aa16b93f6aeb65eccc5a619490211c4c0d9416f99d2e91db330f0ce0a");
        assertThat(read("a cat\r\na dog\n\na cat").sha256()).isEqualTo(hash);
        assertThat(read("a dog\na cat\n").sha256()).isNotEqualTo(hash);
        assertThat(read("a cat\na do\ng\n").sha256()).isNotEqualTo(hash);
        assertThat(Prompts.of(List.of("a cat", "a dog")).sha256()).isEqualTo(hash);
    }

    @Test
    void takesPromptsFromElsewhere() {
        assertThat(Prompts.of(List.of("two\nlines", "", "b", "b")))
                .isEqualTo(new Prompts(List.of("two\nlines", "b"), 1, 1));
        assertThatThrownBy(() -> Prompts.of(List.of(" ")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("there must be at least one prompt");
        assertThatThrownBy(() -> Prompts.of(List.of("\ud800")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("prompt must be valid Unicode, but has half of a surrogate pair (U+D800) at index 0");
    }

    private Prompts read(String text) throws IOException {
        return Prompts.read(Files.writeString(file, text));
    }

    private Prompts read(String text, Charset charset) throws IOException {
        return Prompts.read(Files.writeString(file, text, charset));
    }
}
