package dev.swiftbrush.examples.benchmarks;

import com.sun.management.ThreadMXBean;
import dev.swiftbrush.Device;
import dev.swiftbrush.GenerationEvent;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.Stats;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.examples.benchmarks.SoakCounts.Outcome;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * A model under load for minutes: many threads, mixed sizes, deadlines, cancelling and interrupts. Every request must end
 * exactly once, and every picture be the one that was asked for.
 */
public final class Soak {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private Soak() {}

    /** Runs in a JVM of its own, whose memory is then its own; see {@link SoakOptions#USAGE}. Exits with 1 on any fault. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        SoakOptions options = SoakOptions.parse(List.of(arguments));
        RandomCheckpoint checkpoint = new RandomCheckpoint(Architecture.TINY, options.checkpoint());
        if (!checkpoint.isComplete()) {
            checkpoint.write();
        }
        List<String> command = Worker.command(InProcess.class, options.arguments());
        Process process = new ProcessBuilder(command).inheritIO().start();
        try {
            if (process.waitFor() != 0) {
                System.exit(1);
            }
        } finally {
            process.destroy();
        }
    }

    /** The soak itself. */
    public static final class InProcess {
        private InProcess() {}

        /** Soaks in this JVM; the checkpoint must be there. */
        public static void main(String[] arguments) throws IOException, InterruptedException {
            System.exit(run(SoakOptions.parse(List.of(arguments)), System.out) ? 0 : 1);
        }
    }

    /**
     * Soaks and prints.
     *
     * @return whether every request ended once and rightly
     */
    static boolean run(SoakOptions options, PrintStream out) throws IOException, InterruptedException {
        Path cache = Files.createTempDirectory("swiftbrush-soak");
        try {
            return run(options, cache, out);
        } finally {
            RandomCheckpoint.deleteTree(cache);
        }
    }

    private static boolean run(SoakOptions options, Path cache, PrintStream out) throws InterruptedException {
        LongAdder outcomesTold = new LongAdder();
        SwiftBrush brush = SwiftBrush.builder()
                .model(options.checkpoint())
                .device(Device.cpu())
                .cacheDirectory(cache)
                .pool(new PoolOptions(
                        options.maxConcurrent(),
                        Math.max(1, options.threads() / 2),
                        Duration.ofMillis(150),
                        options.maxBatch(),
                        Duration.ofMillis(2)))
                .listener(event -> outcomesTold.add(event instanceof GenerationEvent.Stage ? 0 : 1))
                .build();
        SoakPictures pictures = new SoakPictures(brush);
        SoakCounts counts = new SoakCounts();
        long residentAtStart = resident();
        long heapBefore = allocated();
        long start = System.nanoTime();
        load(options, brush, pictures, counts, start + options.time().toNanos());
        double seconds = (System.nanoTime() - start) / 1e9;
        long heap = allocated() - heapBefore;
        Stats stats = idle(brush);
        brush.close(PATIENCE);
        long residentAtEnd = resident();

        out.printf(Locale.ROOT, "### %d threads for %.0f s%n%n", options.threads(), seconds);
        out.printf(
                Locale.ROOT,
                "- %s; load average %s; JDK %s; `maxConcurrent` %d, `maxBatch` %d%n",
                Machine.describe(),
                Machine.load(),
                System.getProperty("java.version"),
                options.maxConcurrent(),
                options.maxBatch());
        out.printf(
                Locale.ROOT,
                "- %d requests, %.1f/s; %d images, %.1f/s, in %d network calls%n",
                counts.submittedCount(),
                counts.submittedCount() / seconds,
                counts.count(Outcome.COMPLETED),
                counts.count(Outcome.COMPLETED) / seconds,
                stats.networkCalls() - pictures.count());
        out.printf(
                Locale.ROOT,
                "- completed %d, rejected %d, no session in time %d, deadline %d, cancelled %d, failed %d, wrong picture %d%n",
                counts.count(Outcome.COMPLETED),
                counts.count(Outcome.REJECTED),
                counts.count(Outcome.NO_SESSION),
                counts.count(Outcome.DEADLINE),
                counts.count(Outcome.CANCELLED),
                counts.count(Outcome.FAILED),
                counts.count(Outcome.WRONG));
        out.printf(
                Locale.ROOT,
                "- latency of images: p50 %d ms, p95 %d ms, p99 %d ms%n",
                counts.percentile(50).toMillis(),
                counts.percentile(95).toMillis(),
                counts.percentile(99).toMillis());
        out.printf(
                Locale.ROOT,
                "- resident memory: %.0f MB at the start, %.0f MB at the end%n",
                residentAtStart / 1e6,
                residentAtEnd / 1e6);
        out.printf(
                Locale.ROOT,
                "- Java heap taken by the threads that draw: %.1f KB an image%n",
                heap / 1024.0 / Math.max(1, counts.count(Outcome.COMPLETED)));
        List<String> faults = faults(counts, stats, outcomesTold.sum(), pictures.count());
        faults.forEach(fault -> out.println("- FAULT: " + fault));
        counts.failures().stream().limit(3).forEach(failure -> out.println("- FAULT: " + failure));
        out.println(faults.isEmpty() ? "- every request ended exactly once: PASS" : "- FAIL");
        return faults.isEmpty();
    }

    private static void load(SoakOptions options, SwiftBrush brush, SoakPictures pictures, SoakCounts counts, long end)
            throws InterruptedException {
        ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < options.threads(); i++) {
            Random random = new Random(options.seed() * 1_000_003 + i);
            callers.add(new Thread(new SoakCaller(brush, pictures, counts, timer, random, end), "caller-" + i));
        }
        callers.forEach(Thread::start);
        for (Thread caller : callers) {
            caller.join(options.time().plus(PATIENCE).toMillis()); // one that hangs has a request that never ended
        }
        timer.shutdownNow();
        timer.awaitTermination(1, TimeUnit.SECONDS);
    }

    /** The statistics once nothing runs any more: a call whose last member gave up ends a moment later. */
    private static Stats idle(SwiftBrush brush) throws InterruptedException {
        Stats stats = brush.stats();
        for (int i = 0; i < 500 && (stats.busy() > 0 || stats.waiting() > 0); i++) {
            Thread.sleep(10);
            stats = brush.stats();
        }
        return stats;
    }

    /** The engine does not count what was cancelled before it came to it, and may have finished what was cancelled last. */
    private static List<String> faults(SoakCounts counts, Stats stats, long told, int before) {
        List<String> faults = new ArrayList<>();
        long submitted = counts.submittedCount();
        long cancelled = counts.count(Outcome.CANCELLED);
        require(faults, counts.endedCount() == submitted, "of %d requests %d ended", submitted, counts.endedCount());
        long seen =
                stats.completed() + stats.failed() + stats.rejected() + stats.timedOut() + stats.cancelled() - before;
        require(
                faults,
                seen <= submitted && seen >= submitted - cancelled,
                "of %d requests, %d of them cancelled, the engine counts %d",
                submitted,
                cancelled,
                seen);
        require(faults, told == seen + before, "of %d outcomes %d were told", seen + before, told);
        long drawn = stats.completed() - before - counts.count(Outcome.COMPLETED);
        require(faults, drawn >= 0 && drawn <= cancelled, "%d images were drawn that nobody got", drawn);
        require(faults, counts.count(Outcome.WRONG) == 0, "%d pictures are wrong", counts.count(Outcome.WRONG));
        require(faults, counts.count(Outcome.FAILED) == 0, "%d requests failed", counts.count(Outcome.FAILED));
        require(faults, counts.count(Outcome.COMPLETED) > 0, "no request was completed");
        require(faults, stats.busy() == 0 && stats.waiting() == 0, "the pool is left at %s", stats);
        return faults;
    }

    private static void require(List<String> faults, boolean holds, String fault, Object... values) {
        if (!holds) {
            faults.add(String.format(Locale.ROOT, fault, values));
        }
    }

    private static long resident() {
        System.gc();
        return Machine.residentBytes().orElse(0);
    }

    /** By the pool's threads, which live as long as the model. */
    private static long allocated() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("swiftbrush-cpu-"))
                .mapToLong(thread -> threads.getThreadAllocatedBytes(thread.getId()))
                .sum();
    }
}
