package dev.swiftbrush.runtime.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rounds of damaging and reading. In every build they are few and the same; with {@code -Psoak} they are a hundred times as
 * many and others each time, from a seed that is logged. {@code swiftbrush.fuzz.times} and {@code swiftbrush.fuzz.seed} are system properties that
 * set both.
 */
final class Fuzzing {
    private static final Logger log = LoggerFactory.getLogger(Fuzzing.class);
    private static final boolean SOAK = Boolean.getBoolean("swiftbrush.soak");
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final String subject;
    private final int rounds;
    private final long fixedBytes;
    private final long bytesPerByte;
    private final Random random;
    private final Mutator mutator;
    private long mostBytes;
    private boolean lastRefused;
    private int refused;

    /**
     * @param fixedBytes of the Java heap that reading may take however small the files are
     * @param bytesPerByte and how many more for each byte of the files
     */
    Fuzzing(String subject, int rounds, long fixedBytes, long bytesPerByte) {
        long seed = Long.getLong("swiftbrush.fuzz.seed", SOAK ? System.nanoTime() : 2312_05239L);
        this.subject = subject;
        this.rounds = Integer.getInteger("swiftbrush.fuzz.times", SOAK ? 100 : 1) * rounds;
        this.fixedBytes = fixedBytes;
        this.bytesPerByte = bytesPerByte;
        this.random = new Random(seed);
        this.mutator = new Mutator(random);
        log.info("{}: {} rounds from seed {}", subject, this.rounds, seed);
    }

    int rounds() {
        return rounds;
    }

    Random random() {
        return random;
    }

    Mutator mutator() {
        return mutator;
    }

    interface Reading {
        void read() throws IOException;
    }

    /**
     * Reads what was damaged.
     *
     * @param culprit kept beside the build if reading goes wrong
     * @param bytes of all the files that are read
     */
    void round(Path culprit, long bytes, Reading reading) throws IOException {
        long most = fixedBytes + bytesPerByte * bytes;
        long taken = read(culprit, reading);
        if (taken > most) {
            refused -= lastRefused ? 1 : 0;
            taken = read(culprit, reading); // again: what is loaded once is not the file's doing
        }
        mostBytes = Math.max(mostBytes, taken);
        if (taken > most) {
            throw new AssertionError("%d bytes of files took %d bytes of memory; the file is kept as %s"
                    .formatted(bytes, taken, kept(culprit)));
        }
    }

    /** The bytes of the Java heap that it took. */
    private long read(Path culprit, Reading reading) throws IOException {
        long self = Thread.currentThread().getId();
        long before = THREADS.getThreadAllocatedBytes(self);
        lastRefused = false;
        try {
            reading.read();
        } catch (ModelException e) {
            lastRefused = true;
            refused++;
            assertThat(e.getMessage()).hasSizeLessThan(4_000).doesNotContain("REDACTED");
        } catch (Throwable e) {
            throw new AssertionError("not a ModelException; the file is kept as " + kept(culprit), e);
        }
        return THREADS.getThreadAllocatedBytes(self) - before;
    }

    /** Of the rounds, some must be refused and some not: else nothing is tried. */
    void finish() {
        log.info(
                "{}: {} of {} refused; a round took at most {} KB of the Java heap",
                subject,
                refused,
                rounds,
                mostBytes >> 10);
        assertThat(refused).isBetween(rounds / 20, rounds - rounds / 200);
    }

    private static Path kept(Path culprit) throws IOException {
        Path folder = Files.createDirectories(Path.of("target", "fuzz"));
        Path copy = folder.resolve(System.nanoTime() + "-" + culprit.getFileName());
        return Files.copy(culprit, copy);
    }
}
