package dev.swiftbrush.runtime.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.Licence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LicencesTest {

    @TempDir
    Path folder;

    private Licence card(String frontMatter) throws IOException {
        Files.writeString(
                folder.resolve("README.md"), "---\n" + frontMatter + "\n---\n# A model\nlicense: in the text\n");
        return Licences.of(folder);
    }

    private Licence file(String text) throws IOException {
        Files.writeString(folder.resolve("LICENSE"), text);
        return Licences.of(folder);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "license: apache-2.0",
                "license: \"Apache-2.0\"",
                "language: en\nlicense : 'apache-2.0' # see LICENSE\ntags:\n- a",
                "license: apache-2.0   # and no other",
                "license:\n- apache-2.0\ntags: []",
                "license: [apache-2.0]",
                "card:\n  license: mit\nlicense: apache-2.0\nlicense: mit"
            })
    void readsTheCard(String frontMatter) throws IOException {
        assertThat(card(frontMatter)).isEqualTo(new Licence("apache-2.0", null, null));
    }

    @Test
    void readsNameAndLink() throws IOException {
        assertThat(card("license: other\nlicense_name: sai-nc-community\nlicense_link: https://a.example/LICENSE.md"))
                .isEqualTo(new Licence("other", "sai-nc-community", "https://a.example/LICENSE.md"));
    }

    @Test
    void readsSeveral() throws IOException {
        assertThat(card("license:\n  - mit\n  - cc-by-nc-4.0\n"))
                .isEqualTo(new Licence("mit, cc-by-nc-4.0", null, null));
        assertThat(card("license: [ mit, cc-by-nc-4.0 ]").isNonCommercial()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "tags: [a]",
                "license:",
                "license: null",
                "license: unknown",
                "  license: mit",
                "license: # mit"
            })
    void aCardMaySayNothing(String frontMatter) throws IOException {
        assertThat(card(frontMatter)).isEqualTo(Licence.UNKNOWN);
        assertThat(file("MIT License\n\nCopyright")).isEqualTo(new Licence("mit", null, "LICENSE"));
    }

    @Test
    void aCardMayHaveNoFrontMatter() throws IOException {
        Files.writeString(folder.resolve("README.md"), "license: mit\n---\nlicense: mit\n---\n");
        assertThat(Licences.of(folder)).isEqualTo(Licence.UNKNOWN);
        Files.write(folder.resolve("README.md"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        assertThat(Licences.of(folder)).isEqualTo(Licence.UNKNOWN);
    }

    @Test
    void readsNoFurtherThanItMust() throws IOException {
        assertThat(card("a: " + "b".repeat(100_000) + "\nlicense: mit")).isEqualTo(Licence.UNKNOWN);
        assertThat(card("license: " + "m".repeat(1000)).id()).hasSize(123).endsWith("...");
    }

    @ParameterizedTest
    @CsvSource({
        "apache-2.0, '                                 Apache License\n                           Version 2.0, January 2004\n'",
        "mit, '# MIT License\n\nCopyright (c) 2024'",
        "openrail++, 'CreativeML Open RAIL++-M License\ndated November 24, 2022'",
        "creativeml-openrail-m, 'Copyright (c) 2022 Robin Rombach\n\nCreativeML Open RAIL-M\ndated August 22, 2022'",
        "cc-by-nc-4.0, 'Creative Commons Attribution-NonCommercial 4.0 International'",
        "cc-by-4.0, 'Attribution 4.0 International'"
    })
    void knowsTheTitlesOfLicenceFiles(String id, String text) throws IOException {
        assertThat(file(text)).isEqualTo(new Licence(id, null, "LICENSE"));
    }

    @Test
    void takesTheTitleOfAnotherLicenceForItsName() throws IOException {
        assertThat(file("\n## House rules\n\nThis is not the MIT License\n"))
                .isEqualTo(new Licence("other", "House rules", "LICENSE"));
    }

    @Test
    void doesNotTakeARestrictedLicenceForThePlainOne() throws IOException {
        assertThat(file("MIT License, for non-commercial use"))
                .isEqualTo(new Licence("other", "MIT License, for non-commercial use", "LICENSE"));
    }

    @Test
    void theCardCountsMoreThanTheFile() throws IOException {
        card("license: cc-by-nc-4.0");
        assertThat(file("MIT License")).isEqualTo(new Licence("cc-by-nc-4.0", null, null));
    }
}
