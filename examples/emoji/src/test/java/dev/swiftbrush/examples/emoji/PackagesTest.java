package dev.swiftbrush.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.examples.emoji.Packages.Pin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackagesTest {

    @TempDir
    Path folder;

    private TinyPackages packages;
    private List<Pin> pins;

    @BeforeEach
    void write() throws Exception {
        packages = new TinyPackages(folder);
        pins = packages.write();
    }

    @Test
    void opensWhatIsPinned() {
        assertThat(Packages.open(folder, pins)
                        .json(Packages.NAMES, "en/data.json")
                        .size())
                .isEqualTo(7);
    }

    @Test
    void refusesAnotherVersion() throws Exception {
        packages.text(Packages.NOTO + "/package.json", "{'version':'1.2.4','license':'MIT'}");
        assertThatThrownBy(() -> Packages.open(folder, pins))
                .hasMessage(
                        "%s: version should be 1.2.3, but is '1.2.4'", folder.resolve(Packages.NOTO + "/package.json"));
    }

    @Test
    void refusesAnotherLicence() throws Exception {
        packages.text(Packages.FLUENT + "/package.json", "{'version':'1.2.3'}");
        assertThatThrownBy(() -> Packages.open(folder, pins))
                .hasMessage("%s: license should be MIT, but is ''", folder.resolve(Packages.FLUENT + "/package.json"));
    }

    @Test
    void refusesAPictureThatIsNotTheOneThatWasPublished() throws Exception {
        Path picture = folder.resolve(Packages.TWEMOJI + "/img/twitter/64/1F49C.png");
        Files.write(picture, new byte[] {1, 2, 3});
        Path changed = folder.resolve(Packages.TWEMOJI);
        assertThatThrownBy(() -> Packages.open(folder, pins))
                .hasMessage(
                        "%s differs from version 1.2.3 as it was published: SHA-256 over emoji.json and img/twitter/64 should be %s, but is %s; install it anew",
                        changed,
                        pins.get(2).sha256(),
                        Packages.sha256(changed, pins.get(2).used()));
    }

    @Test
    void refusesAFolderWithoutThePackages() {
        Path elsewhere = folder.resolve("elsewhere");
        Path missing = elsewhere.resolve(Packages.NAMES + "/package.json");
        assertThatThrownBy(() -> Packages.open(elsewhere, pins))
                .hasMessage("%s cannot be read: NoSuchFileException", missing);
    }
}
