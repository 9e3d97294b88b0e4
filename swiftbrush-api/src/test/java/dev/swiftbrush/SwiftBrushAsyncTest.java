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
import java.util.concurrent.atomic.AtomicInteger;
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
    void cancellingStopsTheRequest() throws Exception {
        engine.behaviour = this::waitForTurn;
        CompletableFuture<GeneratedImage> future = brush.generateAsync("a fox");
        waiting.await();

        assertThat(future.cancel(true)).isTrue();

        interrupted.await();
        assertThatThrownBy(future::get).isInstanceOf(CancellationException.class);
    }

    @Test
    void aTimeoutStopsTheRequest() throws Exception {
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
    void anImageThatIsReadyAfterTheCancelIsDiscarded() throws Exception {
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
        AsyncGeneration cancelled = new AsyncGeneration(
                () -> {
                    Thread.currentThread().interrupt();
                    throw new GenerationCancelledException(1, 1, 0, Duration.ZERO);
                },
                () -> {});

        cancelled.run();

        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(cancelled).isCompletedExceptionally();
    }

    @Test
    void doesNoWorkForAFutureThatIsCancelledBeforeItStarts() {
        AtomicInteger ends = new AtomicInteger();
        AsyncGeneration cancelled = new AsyncGeneration(() -> brush.generate("a fox"), ends::incrementAndGet);
        cancelled.cancel(true);

        cancelled.run();

        assertThat(engine.requests).isEmpty();
        assertThat(ends).hasValue(1);
    }

    @Test
    void closingEndsEvenARequestThatTheEngineDoesNot() throws Exception {
        engine.behaviour = this::waitForTurn;
        CompletableFuture<GeneratedImage> future = brush.generateAsync("a fox");
        waiting.await();

        brush.close();

        interrupted.await();
        assertThatThrownBy(future::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("SwiftBrush is closed; build a new one");
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

    @Test
    void hasNoMoreThreadsAtWorkThanThePoolRunsAndLetsWait() throws Exception {
        PoolOptions pool =
                PoolOptions.defaults().withMaxConcurrent(2).withMaxBatch(3).withMaxQueue(4);
        try (SwiftBrush small = SwiftBrush.builder()
                .model(Path.of("model"))
                .device(Device.cuda(0), Device.cuda(1))
                .pool(pool)
                .build()) {
            FakeEngine opened = FakeEngineProvider.opened();
            opened.behaviour = this::waitForTurn;

            List<CompletableFuture<GeneratedImage>> futures = IntStream.range(0, 300)
                    .mapToObj(i -> small.generateAsync("a fox"))
                    .toList();
            turn.countDown();

            int room = 2 * 2 * 3 + 4;
            for (CompletableFuture<GeneratedImage> future : futures.subList(0, room)) {
                assertThat(future.get().prompt()).isEqualTo("a fox");
            }
            assertThat(futures.subList(room, 300))
                    .allSatisfy(future -> assertThatThrownBy(future::get)
                            .cause()
                            .isInstanceOf(QueueFullException.class)
                            .hasMessage("The queue for a session is full (sessions=2, busy=2, waiting=3);"
                                    + " raise maxQueue or send fewer requests at once"));
            assertThat(opened.requests).hasSize(room);
            assertThat(opened.refused).hasValue(300 - room);
        }
    }

    @Test
    void aPlaceIsFreeAgainWhenItsFutureIsComplete() throws Exception {
        try (SwiftBrush single = alone()) {
            for (int i = 0; i < 200; i++) {
                single.generateAsync("a fox").get();
            }
        }
    }

    @Test
    void aPlaceIsFreeAgainWhenACancelledRequestIsOver() throws Exception {
        try (SwiftBrush single = alone()) {
            FakeEngine opened = FakeEngineProvider.opened();
            opened.behaviour = this::waitForTurn;
            CompletableFuture<GeneratedImage> future = single.generateAsync("a fox");
            waiting.await();
            future.cancel(true);
            interrupted.await();
            opened.behaviour = FakeEngine::grey;

            GeneratedImage image = null;
            while (image == null) { // its thread is on its way out
                image = single.generateAsync("a cat")
                        .handle((made, failure) -> made)
                        .get();
            }

            assertThat(image.prompt()).isEqualTo("a cat");
        }
    }

    @Test
    void aStageOnThePoolsOnlyThreadMayAskForTheNextImage() throws Exception {
        try (SwiftBrush single = alone()) {
            GeneratedImage second = single.generateAsync("a fox")
                    .thenApply(first -> single.generateAsync(first.prompt() + " in the snow")
                            .join())
                    .get();

            assertThat(second.prompt()).isEqualTo("a fox in the snow");
        }
    }

    /** One request at once, and none that waits. */
    private static SwiftBrush alone() {
        return SwiftBrush.builder()
                .model(Path.of("model"))
                .pool(PoolOptions.defaults().withMaxQueue(0))
                .build();
    }
}
