package dev.swiftbrush.train.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.train.checkpoint.CheckpointFolder.Saved;
import dev.swiftbrush.train.files.StorageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class CheckpointFolderTest {
    private static final String LEFTOVER = ".step-00000030.0b2ce5d1-7a6b-4f0e-9c55-1f2e3d4c5b6a.tmp";

    @TempDir
    Path folder;

    @Test
    void thereIsNoneInTheBeginning() {
        try (CheckpointFolder checkpoints = CheckpointFolder.open(folder.resolve("run/checkpoints"), 1)) {
            assertThat(checkpoints.latest()).isEmpty();
        }
        assertThat(CheckpointFolder.latest(folder.resolve("nowhere"))).isEmpty();
    }

    @Test
    void theLatestIsWhatWasSavedLast() throws IOException {
        save(3, 10, 200);

        Saved latest = CheckpointFolder.latest(folder).orElseThrow();

        assertThat(latest).isEqualTo(new Saved(200, folder.resolve("step-00000200")));
        assertThat(latest.folder().resolve("weights")).hasContent("weights of 200");
        assertThat(latest.folder().resolve("state/adam")).hasContent("adam of 200");
    }

    @Test
    void theManifestNamesEveryFileWithItsSizeAndHash() throws IOException {
        save(1, 10);

        // hashes as sha256sum prints them
        assertThat(folder.resolve("step-00000010/manifest.json")).content().isEqualToIgnoringWhitespace("""
                {"format": "swiftbrush-checkpoint-1", "step": 10, "files": {
                  "state/adam": {"bytes": 10,
                    "sha256": "%s"},
                  "weights": {"bytes": 13,
                    "sha256": "%s"}}}
                """.formatted(
                        "b76140b9ba3a2149663144e94a47389bcbcadf09cfd63488b3f9034d0cbe817b",
                        "ed0f57cce9a8eb0c275e4b0ef0cc66949edc83364cfef5cfa3ec008e4f4e6427"));
    }

    @Test
    void theLastOnesAreKept() throws IOException {
        save(2, 10, 20, 30, 40);

        assertThat(names()).containsExactly("step-00000030", "step-00000040");
    }

    @Test
    void stepsBeyondEightDigitsAreOrderedByNumber() throws IOException {
        save(2, 99_999_999, 100_000_000, 100_000_001);

        assertThat(names()).containsExactly("step-100000000", "step-100000001");
        assertThat(CheckpointFolder.latest(folder)).map(Saved::step).contains(100_000_001L);
    }

    @Test
    void refusesAStepThatIsNotAboveTheLast() throws IOException {
        save(3, 10, 20);

        try (CheckpointFolder checkpoints = CheckpointFolder.open(folder, 3)) {
            assertThatThrownBy(() -> checkpoints.save(20, CheckpointFolderTest::nothing))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("step must be above 20, the last that %s holds, but was 20", folder);
        }
    }

    @Test
    void refusesToKeepNone() {
        assertThatThrownBy(() -> CheckpointFolder.open(folder, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("at least 1 checkpoint must be kept, but kept was 0");
    }

    @Test
    void refusesAnEmptyCheckpoint() throws IOException {
        try (CheckpointFolder checkpoints = CheckpointFolder.open(folder, 1)) {
            assertThatThrownBy(() -> checkpoints.save(10, CheckpointFolderTest::nothing))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a checkpoint holds at least one file, but nothing was written");
            assertThatThrownBy(() -> checkpoints.save(10, into -> Files.writeString(into.resolve("manifest.json"), "")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "a checkpoint holds regular files, none of them called manifest.json, but got manifest.json");
        }
        assertThat(names()).isEmpty();
    }

    @Test
    void fallsBackPastOneThatWasCutShort() throws IOException {
        save(3, 10, 20, 30);
        Files.writeString(folder.resolve("step-00000030/weights"), "weights of 3");

        assertThat(resumed()).isEqualTo(20);
        assertThat(names())
                .satisfiesExactly(
                        first -> assertThat(first).startsWith("damaged-step-00000030-"),
                        second -> assertThat(second).isEqualTo("step-00000010"),
                        third -> assertThat(third).isEqualTo("step-00000020"));
    }

    @Test
    void fallsBackPastAFlippedBit() throws IOException {
        save(3, 10, 20);
        Files.writeString(folder.resolve("step-00000020/state/adam"), "adam of 21");

        assertThat(resumed()).isEqualTo(10);
    }

    @Test
    void fallsBackPastAMissingFile() throws IOException {
        save(3, 10, 20);
        Files.delete(folder.resolve("step-00000020/state/adam"));

        assertThat(resumed()).isEqualTo(10);
    }

    @Test
    void aManifestDamagedInAnyOneByteIsSeen() throws IOException {
        save(1, 10);
        Path checkpoint = folder.resolve("step-00000010");
        Path manifest = checkpoint.resolve("manifest.json");
        byte[] good = Files.readAllBytes(manifest);
        Manifest.verify(10, checkpoint);
        for (int i = 0; i < good.length; i++) {
            if (!Character.isWhitespace(good[i])) {
                byte[] damaged = good.clone();
                damaged[i] ^= 1;
                Files.write(manifest, damaged);
                assertThatThrownBy(() -> Manifest.verify(10, checkpoint)).isInstanceOf(SwiftBrushException.class);
            }
        }
    }

    @Test
    void warnsOfFallingBack() throws IOException {
        save(3, 10, 20, 30);
        Files.delete(folder.resolve("step-00000030/state/adam"));
        Files.writeString(folder.resolve("step-00000020/weights"), "weights of 21");

        assertThat(logged(this::resumed))
                .contains(
                        "WARN dev.swiftbrush.train.checkpoint.CheckpointFolder - Checkpoint step-00000030 (state/adam is missing) is damaged; falling back to step-00000010")
                .contains(
                        "WARN dev.swiftbrush.train.checkpoint.CheckpointFolder - Checkpoint step-00000020 (weights does not have its checksum) is damaged; falling back to step-00000010");
    }

    @Test
    void savesTheSameStepAgainAfterFallingBack() throws IOException {
        save(1, 10);
        try (CheckpointFolder checkpoints = CheckpointFolder.open(folder, 2)) {
            checkpoints.save(20, into -> write(into, 20));
            Files.delete(folder.resolve("step-00000020/weights"));
            assertThat(checkpoints.latest()).map(Saved::step).contains(10L);

            checkpoints.save(20, into -> write(into, 20));

            assertThat(checkpoints.latest()).map(Saved::step).contains(20L);
        }
    }

    @Test
    void saysWhatIsWrongWithEachWhenAllAreDamaged() throws IOException {
        save(5, 10, 20, 30, 40, 50);
        Files.delete(folder.resolve("step-00000010/weights"));
        Files.delete(folder.resolve("step-00000020/manifest.json"));
        Files.writeString(folder.resolve("step-00000030/weights"), "");
        Files.writeString(folder.resolve("step-00000040/weights"), "weights of 41");
        Path lying = folder.resolve("step-00000050/manifest.json");
        Files.writeString(lying, Files.readString(lying).replace("\"weights\"", "\"../../secret\""));

        try (CheckpointFolder checkpoints = CheckpointFolder.open(folder, 5)) {
            assertThatThrownBy(checkpoints::latest)
                    .isInstanceOf(StorageException.class)
                    .hasMessage(
                            "All 5 checkpoints in %s are damaged: step-00000050 (%s names a file outside of its folder), step-00000040 (weights does not have its checksum), step-00000030 (weights has 0 bytes instead of 13), step-00000020 (%s does not exist), step-00000010 (weights is missing); restore one, or begin in another folder",
                            folder, lying, folder.resolve("step-00000020/manifest.json"));
        }
        assertThat(names()).hasSize(5).allMatch(name -> name.startsWith("step-"));
    }

    @Test
    void removesWhatAKilledProcessLeftAndNothingElse() throws IOException {
        save(1, 10);
        write(Files.createDirectory(folder.resolve(LEFTOVER)), 30);
        List<String> others = List.of(".step-30.tmp", "notes", LEFTOVER.replace("step", "epoch"));
        for (String other : others) {
            write(Files.createDirectory(folder.resolve(other)), 1);
        }
        Files.createSymbolicLink(folder.resolve(LEFTOVER.replace("30", "31")), folder.resolve("notes"));

        assertThat(resumed()).isEqualTo(10);

        assertThat(folder.resolve(LEFTOVER)).doesNotExist();
        assertThat(names()).contains("notes", LEFTOVER.replace("step", "epoch"), ".step-30.tmp");
        assertThat(folder.resolve("notes/weights")).exists();
        assertThat(folder.resolve(LEFTOVER.replace("30", "31"))).isSymbolicLink();
    }

    @Test
    void leavesTheOldOnesAloneWhenTheDiskIsFull() throws IOException {
        save(1, 10);
        try (CheckpointFolder checkpoints = CheckpointFolder.open(folder, 1)) {
            assertThatThrownBy(() -> checkpoints.save(20, into -> {
                        write(into, 20);
                        throw new IOException("No space left on device");
                    }))
                    .isInstanceOf(StorageException.class)
                    .hasMessageMatching(".*step-00000020.*cannot be written: No space left on device");
            assertThat(checkpoints.latest()).map(Saved::step).contains(10L);
        }
        assertThat(names()).containsExactly("step-00000010");
    }

    @Test
    void saysThatAFolderCannotBeWritten() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");

        assertThatThrownBy(() -> CheckpointFolder.open(file, 1))
                .isInstanceOf(StorageException.class)
                .hasMessage("%s cannot be written: FileAlreadyExistsException", file);
    }

    @Test
    void doesNotReplaceAFileOfThatName() throws IOException {
        Files.writeString(folder.resolve("step-00000010"), "mine");

        try (CheckpointFolder checkpoints = CheckpointFolder.open(folder, 1)) {
            assertThatThrownBy(() -> checkpoints.save(10, into -> write(into, 10)))
                    .isInstanceOf(StorageException.class)
                    .hasMessageStartingWith("%s cannot be written: ", folder.resolve("step-00000010"));
        }
        assertThat(folder.resolve("step-00000010")).hasContent("mine");
        assertThat(names()).containsExactly("step-00000010");
    }

    @Test
    void anExceptionOfTheWriterLeavesNothingBehind() throws IOException {
        try (CheckpointFolder checkpoints = CheckpointFolder.open(folder, 1)) {
            assertThatThrownBy(() -> checkpoints.save(10, into -> {
                        write(into, 10);
                        throw new IllegalStateException("the weights are gone");
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the weights are gone");
        }
        assertThat(names()).isEmpty();
    }

    @Test
    void oneProcessAtATimeHasTheFolderOpen() throws IOException {
        try (CheckpointFolder checkpoints = CheckpointFolder.open(folder, 1)) {
            assertThat(checkpoints.latest()).isEmpty();
            assertThatThrownBy(() -> CheckpointFolder.open(folder, 1))
                    .isInstanceOf(StorageException.class)
                    .hasMessage(
                            "%s is being written to by process %d; wait for it to end, or choose another folder",
                            folder, ProcessHandle.current().pid());
        }
        save(1, 10);
    }

    @Test
    @Timeout(60)
    void aProcessKilledAtAnyMomentLeavesAWholeCheckpoint() throws IOException, InterruptedException {
        long before = 0;
        for (int kill = 0; kill < 3; kill++) {
            Process saving = startSaving();
            long wanted = before + 2;
            while (CheckpointFolder.latest(folder).map(Saved::step).orElse(0L) < wanted) {
                assertThat(saving.isAlive()).isTrue();
                TimeUnit.MILLISECONDS.sleep(7L + 13L * kill);
            }
            assertThatThrownBy(() -> CheckpointFolder.open(folder, 2))
                    .hasMessage(
                            "%s is being written to by process %d; wait for it to end, or choose another folder",
                            folder, saving.pid());
            saving.destroyForcibly().waitFor();

            long latest = resumed();
            assertThat(latest).isGreaterThanOrEqualTo(wanted);
            byte[] adam = Files.readAllBytes(folder.resolve("step-%08d/adam".formatted(latest)));
            assertThat(adam).hasSize(100_000).containsOnly((byte) latest);
            assertThat(names()).hasSizeLessThanOrEqualTo(3).allMatch(name -> name.startsWith("step-"));
            before = latest;
        }
    }

    private Process startSaving() throws IOException {
        return new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        SavingProcess.class.getName(),
                        folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private void save(int kept, long... steps) {
        try (CheckpointFolder checkpoints = CheckpointFolder.open(folder, kept)) {
            for (long step : steps) {
                checkpoints.save(step, into -> write(into, step));
            }
        }
    }

    private long resumed() {
        try (CheckpointFolder checkpoints = CheckpointFolder.open(folder, 3)) {
            return checkpoints.latest().orElseThrow().step();
        }
    }

    private static void write(Path into, long step) throws IOException {
        Files.writeString(into.resolve("weights"), "weights of " + step);
        Files.createDirectory(into.resolve("state"));
        Files.writeString(into.resolve("state/adam"), "adam of " + step);
    }

    private static String logged(Runnable action) {
        PrintStream before = System.err;
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
        try {
            action.run();
        } finally {
            System.setErr(before);
        }
        return written.toString(StandardCharsets.UTF_8);
    }

    private static void nothing(Path into) throws IOException {
        if (!Files.exists(into)) {
            throw new NoSuchFileException(into.toString());
        }
    }

    /** All that is there but the lock. */
    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals(".lock"))
                    .sorted()
                    .toList();
        }
    }
}
