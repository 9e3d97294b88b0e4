package dev.swiftbrush.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class MiniatureTest {

    @TempDir
    Path folder;

    private final StringWriter complained = new StringWriter();

    @Test
    void refusesPackagesOfAnotherVersion() throws Exception {
        new TinyPackages(folder).write();
        int exit = run("prepare", "--output", folder.resolve("out").toString(), "--packages", folder.toString());
        assertThat(exit).isEqualTo(1);
        assertThat(complained.toString())
                .isEqualTo("prepare: %s: version should be 17.0.0, but is '1.2.3'%n"
                        .formatted(folder.resolve(Packages.NAMES + "/package.json")));
    }

    @Test
    void asksForWhatIsMissing() {
        assertThat(run("prepare")).isEqualTo(2);
        assertThat(complained.toString())
                .isEqualTo("Missing required option: '--output=FOLDER'%nTry: swiftbrush-emoji prepare --help%n"
                        .formatted());
    }

    private int run(String... args) {
        CommandLine line = Miniature.commandLine();
        line.setErr(new PrintWriter(complained, true));
        return line.execute(args);
    }
}
