package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // a future left incomplete hangs its test
class SwiftBrushAsyncTest {

    private final SwiftBrush brush =
            SwiftBrush.builder().model(Path.of("model")).build();
    private final FakeEngine engine = FakeEngineProvider.opened();
    private final CountDownLatch waiting = new CountDownLatch(1);
    private final CountDownLatch turn = new CountDownLatch(1);
    private final CountDownLatch interrupted = new CountDownLatch(1);

    @AfterEach
    void close() {
        turn.countDown();
        engine.onClose = () -> {};
        brush.close();
    }

    /** Waits for its turn, as a pool does; an interrupt ends the wait. */
    private GeneratedImage waitForTurn(GenerationRequest request) {
        waiting.countDown();
        try {
            turn.await();
        } catch (InterruptedException e) {
            interrupted.countDown();
            Thread.currentThread().interrupt();
            throw new GenerationCancelledException(1, 1, 0, Duration.ofSeconds(1));
        }
        return FakeEngine.grey(request);
    }

    /** Runs until its turn, as a native call does: no interrupt ends it. */
    private GeneratedImage runUntilTurn(GenerationRequest request) {
        waiting.countDown();
        while (turn.getCount() > 0) {
            Thread.onSpinWait();
        }
        return FakeEngine.grey(request);
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void makesAnImageOnADaemonThreadOfItsOwn() throws Exception {
        AtomicReference<Thread> thread = new AtomicReference<>();
        engine.behaviour = request -> {
            thread.set(Thread.currentThread());
            return FakeEngine.grey(request);
        };

        GeneratedImage image =
                brush.generateAsync(GenerationRequest.of("a fox").withSeed(3)).get();

        assertThat(image.prompt()).isEqualTo("a fox");
        assertThat(image.seed()).isEqualTo(3);
        assertThat(thread.get().getName()).isEqualTo("swiftbrush-async-1");
        assertThat(thread.get().isDaemon()).isTrue();
    }

    @Test
    void drawsASeedForAPromptAlone() throws Exception {
        GeneratedImage image = brush.generateAsync("a fox").get();

        assertThat(engine.requests).extracting(GenerationRequest::seed).containsExactly(image.seed());
    }

    @Test
    void theFutureFailsWithWhatTheEngineThrows() {
        GenerationException failure = new GenerationException("Out of memory");
        engine.behaviour = request -> {
            throw failure;
        };

        assertThatThrownBy(() -> brush.generateAsync("a fox").get())
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isSameAs(failure);
    }

    @Test
    void theFutureFailsWithAnErrorToo() {
        engine.behaviour = request -> {
            throw new OutOfMemoryError("pixels");
        };

        assertThatThrownBy(() -> brush.generateAsync("a fox").get())
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(OutOfMemoryError.class)
                .hasMessage("pixels");
    }

    @Test
    void throwsABadArgumentDirectly() {
        assertThatThrownBy(
                        () -> brush.generateAsync(GenerationRequest.of("a fox").withSize(500, 512)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("width must be a multiple of 64, but was 500");
    }

    @Test
    void cancellingStopsARequestThatWaits() throws Exception {
        engine.behaviour = this::waitForTurn;
        CompletableFuture<GeneratedImage> future = brush.generateAsync("a fox");
        waiting.await();

        assertThat(future.cancel(true)).isTrue();

        interrupted.await();
        assertThatThrownBy(future::get).isInstanceOf(CancellationException.class);
    }

    @Test
    void aTimeoutStopsARequestThatWaits() throws Exception {
        engine.behaviour = this::waitForTurn;
        CompletableFuture<GeneratedImage> future = brush.generateAsync("a fox");
        waiting.await();

        future.orTimeout(1, TimeUnit.MILLISECONDS);

        interrupted.await();
        assertThatThrownBy(future::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(TimeoutException.class);
    }

    @Test
    void cancellingLetsARunningRequestFinishAndDiscardsItsImage() throws Exception {
        CountDownLatch finished = new CountDownLatch(1);
        engine.behaviour = request -> {
            GeneratedImage image = runUntilTurn(request);
            finished.countDown();
            return image;
        };
        CompletableFuture<GeneratedImage> future = brush.generateAsync("a fox");
        waiting.await();

        future.cancel(true);
        turn.countDown();

        finished.await();
        assertThat(future).isCancelled();
    }

    @Test
    void anInterruptDoesNotReachTheThreadsNextRequest() {
        AsyncGeneration cancelled = new AsyncGeneration(() -> {
            Thread.currentThread().interrupt();
            throw new GenerationCancelledException(1, 1, 0, Duration.ZERO);
        });

        cancelled.run();

        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(cancelled).isCompletedExceptionally();
    }

    @Test
    void doesNoWorkForAFutureThatIsCancelledBeforeItStarts() {
        AsyncGeneration cancelled = new AsyncGeneration(() -> brush.generate("a fox"));
        cancelled.cancel(true);

        cancelled.run();

        assertThat(engine.requests).isEmpty();
    }

    @Test
    void closingEndsRequestsThatWaitBeforeItClosesTheEngine() throws Exception {
        engine.behaviour = this::waitForTurn;
        CompletableFuture<GeneratedImage> future = brush.generateAsync("a fox");
        waiting.await();
        engine.onClose = () -> awaitLatch(interrupted);

        brush.close();

        assertThatThrownBy(future::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfAny(GenerationCancelledException.class, IllegalStateException.class);
    }

    @Test
    void closingEndsIdleThreads() throws Exception {
        AtomicReference<Thread> thread = new AtomicReference<>();
        engine.behaviour = request -> {
            thread.set(Thread.currentThread());
            return FakeEngine.grey(request);
        };
        brush.generateAsync("a fox").get();

        brush.close();

        thread.get().join(); // a pool left alone would keep it for a minute
        assertThat(thread.get().isAlive()).isFalse();
    }

    @Test
    void closingKeepsTheImageOfARequestThatTheEngineLetsFinish() throws Exception {
        engine.behaviour = this::runUntilTurn;
        CompletableFuture<GeneratedImage> future =
                brush.generateAsync(GenerationRequest.of("a fox").withSeed(3));
        waiting.await();
        engine.onClose = () -> {
            turn.countDown();
            future.join();
        };

        brush.close();

        assertThat(future.get().seed()).isEqualTo(3);
    }

    @Test
    void closingLeavesNoFutureIncompleteEvenWhenTheEngineFailsToClose() throws Exception {
        engine.behaviour = this::runUntilTurn;
        List<CompletableFuture<GeneratedImage>> futures = IntStream.range(0, 3)
                .mapToObj(i -> brush.generateAsync("a fox"))
                .toList();
        waiting.await();
        engine.onClose = () -> {
            throw new GenerationException("device lost");
        };

        assertThatThrownBy(brush::close).isInstanceOf(GenerationException.class).hasMessage("device lost");

        assertThat(futures)
                .allSatisfy(future -> assertThatThrownBy(future::get)
                        .isInstanceOf(ExecutionException.class)
                        .cause()
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("SwiftBrush is closed; build a new one"));
    }

    @Test
    void closingWhileOtherThreadsAskLeavesNoFutureIncomplete() throws Exception {
        List<CompletableFuture<GeneratedImage>> futures = new CopyOnWriteArrayList<>();
        CountDownLatch asking = new CountDownLatch(1);
        Thread caller = new Thread(() -> {
            try {
                while (true) {
                    futures.add(brush.generateAsync("a fox"));
                    asking.countDown();
                }
            } catch (IllegalStateException closed) {
                // the only way out
            }
        });
        caller.start();
        asking.await();

        brush.close();
        caller.join();

        assertThat(futures)
                .isNotEmpty()
                .allSatisfy(future -> future.handle((image, failure) -> true).get());
    }
}
