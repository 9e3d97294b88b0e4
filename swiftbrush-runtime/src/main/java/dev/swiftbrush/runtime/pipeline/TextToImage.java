package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.DeadlineExceededException;
import dev.swiftbrush.GenerationCancelledException;
import dev.swiftbrush.GenerationEvent.StageName;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.NoSessionException;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.PromptTruncation;
import dev.swiftbrush.QueueFullException;
import dev.swiftbrush.Stats;
import dev.swiftbrush.Timings;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import dev.swiftbrush.runtime.text.TokenizedPrompt;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes images of prompts: tokens on the caller's thread, the networks on the threads of the lanes. Thread-safe; owns the
 * tokenizer and the lanes.
 */
public final class TextToImage {
    private static final Duration FOREVER = Duration.ofDays(10_000);

    private final PromptTokenizer tokenizer;
    private final List<Lane> lanes;
    private final PoolOptions options;
    private final JobQueue queue;
    private final PromptCache prompts;
    private final Metrics metrics;
    private final ScheduledThreadPoolExecutor timer;

    /**
     * Starts the sessions, after each drew a picture to warm up if {@code serving} wants that.
     *
     * @param lanes not empty; closed by the caller if this throws
     */
    public TextToImage(ModelShape shape, PromptTokenizer tokenizer, List<Lane> lanes, Serving serving) {
        this.tokenizer = tokenizer;
        this.lanes = List.copyOf(lanes);
        this.options = serving.pool();
        this.queue = new JobQueue(options, this.lanes);
        this.prompts = new PromptCache(serving.promptCacheBytes());
        this.metrics = new Metrics(serving.listeners());
        ImageSize ownSize = shape.ownSize();
        List<Thread> threads = new ArrayList<>();
        for (Lane lane : this.lanes) {
            if (serving.warmUp() && ownSize != null) {
                Metrics uncounted = new Metrics(List.of());
                new Worker(lane, queue, shape, new PromptCache(0), serving.noise(), uncounted)
                        .warmUp(tokenizer.tokenize(""), ownSize);
            }
            for (int i = 1; i <= options.maxConcurrent(); i++) {
                Worker worker = new Worker(lane, queue, shape, prompts, serving.noise(), metrics);
                threads.add(daemon(worker, "swiftbrush-" + lane + "-" + i));
            }
        }
        this.timer = new ScheduledThreadPoolExecutor(1, work -> daemon(work, "swiftbrush-timer"));
        timer.setRemoveOnCancelPolicy(true);
        threads.forEach(Thread::start);
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    /** An image, and what of its prompt had no effect. */
    public record Drawn(
            byte[] rgb, Timings timings, @Nullable PromptTruncation truncation) {}

    /**
     * Makes one image. A thread that is interrupted gives up at once, and the network call ends if nobody else waits for
     * it.
     *
     * @param size one that the model can draw, see {@link ModelShape#size}
     * @param timeout from now, or null for none
     */
    public Drawn draw(String prompt, long seed, ImageSize size, @Nullable Duration timeout) {
        StopWatch watch = new StopWatch();
        try {
            queue.requireRoom();
            TokenizedPrompt tokens = tokenize(prompt);
            Duration tokenizing = watch.lap();
            metrics.stage(StageName.TOKENIZING, tokenizing, 1, null);
            Picture picture = await(new Job(tokens, tokenizing, seed, size), timeout);
            metrics.completed(watch.total(), size);
            return new Drawn(picture.rgb(), picture.timings(), tokens.truncation());
        } catch (RuntimeException | Error e) {
            metrics.failed(e);
            throw e;
        }
    }

    private TokenizedPrompt tokenize(String prompt) {
        try {
            return tokenizer.tokenize(prompt);
        } catch (IllegalStateException e) { // closed while this came
            throw JobQueue.closed();
        }
    }

    private Picture await(Job job, @Nullable Duration timeout) {
        queue.add(job);
        ScheduledFuture<?> wait = after(options.maxWait(), job, this::giveUpWaiting);
        ScheduledFuture<?> deadline = timeout == null ? null : after(timeout, job, this::deadlineExceeded);
        try {
            return job.picture.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            JobQueue.Counts counts = queue.counts();
            throw new GenerationCancelledException(counts.sessions(), counts.busy(), counts.waiting(), job.age());
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        } finally {
            job.picture.cancel(false); // if it is not over: nobody waits for it any more
            queue.over(job);
            wait.cancel(false);
            if (deadline != null) {
                deadline.cancel(false);
            }
        }
    }

    /** Counts a request that its caller found no place for. */
    public QueueFullException refuse() {
        JobQueue.Counts counts = queue.counts();
        QueueFullException refusal =
                new QueueFullException(counts.sessions(), counts.busy(), counts.waiting(), Duration.ZERO);
        metrics.failed(refusal);
        return refusal;
    }

    public Stats stats() {
        return metrics.stats(queue.counts(), prompts);
    }

    /** A session that is closed while it runs would take the JVM down, so no interruption ends this. */
    private void awaitIdle() {
        boolean interrupted = false;
        while (!queue.awaitIdle(FOREVER)) {
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private ScheduledFuture<?> after(Duration time, Job job, Consumer<Job> action) {
        return timer.schedule(() -> action.accept(job), time.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void giveUpWaiting(Job job) {
        if (queue.isWaiting(job)) {
            JobQueue.Counts counts = queue.counts();
            job.picture.completeExceptionally(
                    new NoSessionException(counts.sessions(), counts.busy(), counts.waiting(), job.age()));
        }
    }

    private void deadlineExceeded(Job job) {
        JobQueue.Counts counts = queue.counts();
        job.picture.completeExceptionally(
                new DeadlineExceededException(counts.sessions(), counts.busy(), counts.waiting(), job.age()));
    }

    private static RuntimeException rethrown(@Nullable Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException reason ? reason : new IllegalStateException(cause);
    }

    /**
     * Takes no more requests, lets those that are there finish as long as {@code patience} lasts, ends the others, and frees
     * everything.
     */
    public void close(Duration patience) {
        queue.close();
        if (!queue.awaitIdle(patience)) {
            queue.abort(JobQueue::closed);
        }
        awaitIdle();
        timer.shutdownNow();
        List<AutoCloseable> owned = new ArrayList<>(List.of(tokenizer));
        owned.addAll(lanes);
        Collections.reverse(owned); // the last opened first
        Closing.all(owned.toArray(AutoCloseable[]::new));
    }
}
