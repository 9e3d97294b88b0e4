package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // a close that never ends hangs its test
class SwiftBrushCloseTest {

    private static final Duration HOUR = Duration.ofHours(1);
    private static final GenerationRequest FOX = GenerationRequest.of("a fox").withSeed(0);

    private final SwiftBrush brush =
            SwiftBrush.builder().model(Path.of("model")).build();
    private final FakeEngine engine = FakeEngineProvider.opened();
    private final CountDownLatch running = new CountDownLatch(1);
    private final CountDownLatch turn = new CountDownLatch(1);

    @AfterEach
    void close() {
        turn.countDown();
        brush.close();
    }

    /** Holds every request until its turn; closing the engine ends it. */
    private void holdRequests() {
        engine.behaviour = request -> {
            running.countDown();
            await(turn);
            if (!engine.closes.isEmpty()) {
                throw Gate.closed();
            }
            return FakeEngine.grey(request);
        };
        engine.onClose = turn::countDown;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new GenerationCancelledException(1, 1, 0, Duration.ZERO);
        }
    }

    /** Returns once {@code brush} lets nobody in any more. */
    private void awaitRefusal() {
        while (true) {
            try {
                brush.generateAll(List.of());
            } catch (IllegalStateException closing) {
                return;
            }
        }
    }

    private static Thread start(Runnable work) {
        Thread thread = new Thread(work);
        thread.start();
        return thread;
    }

    @Test
    void refusesNewRequestsWhileThoseThatAreThereFinish() throws Exception {
        holdRequests();
        CompletableFuture<GeneratedImage> future = brush.generateAsync(FOX);
        running.await();

        Thread closing = start(() -> brush.close(HOUR));
        awaitRefusal();

        assertThatThrownBy(() -> brush.generate(FOX))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("SwiftBrush is closed; build a new one");
        assertThat(brush.stats()).isSameAs(FakeEngine.STATS);
        assertThat(brush.model()).isSameAs(FakeEngine.MODEL);
        assertThat(engine.closes).isEmpty();
        turn.countDown();
        closing.join();
        assertThat(future.get().prompt()).isEqualTo("a fox");
        assertThat(engine.closes)
                .hasSize(1)
                .allSatisfy(left -> assertThat(left).isBetween(Duration.ofSeconds(1), HOUR));
        assertThatThrownBy(brush::stats).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void letsACallForManyImagesMakeThemAll() throws Exception {
        holdRequests();
        CompletableFuture<List<GeneratedImage>> images =
                CompletableFuture.supplyAsync(() -> brush.generateAll(FOX.variations(5)), SwiftBrushCloseTest::start);
        running.await();

        Thread closing = start(() -> brush.close(HOUR));
        awaitRefusal();
        turn.countDown();
        closing.join();

        assertThat(images.get()).hasSize(5);
    }

    @Test
    void makesEveryImageThatWasAcceptedBefore() throws Exception {
        List<CompletableFuture<GeneratedImage>> futures =
                FOX.variations(50).stream().map(brush::generateAsync).toList();

        brush.close(HOUR);

        for (CompletableFuture<GeneratedImage> future : futures) {
            assertThat(future.get().prompt()).isEqualTo("a fox");
        }
    }

    @Test
    void endsWhatIsNotFinishedWhenThePatienceIsOver() throws Exception {
        holdRequests();
        CompletableFuture<GeneratedImage> future = brush.generateAsync(FOX);
        CompletableFuture<List<GeneratedImage>> images =
                CompletableFuture.supplyAsync(() -> brush.generateAll(FOX.variations(5)), SwiftBrushCloseTest::start);
        running.await();

        brush.close(Duration.ofMillis(1));

        assertThat(engine.closes).containsExactly(Duration.ZERO);
        assertClosed(future);
        assertClosed(images);
    }

    private static void assertClosed(CompletableFuture<?> future) {
        assertThatThrownBy(future::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("SwiftBrush is closed; build a new one");
    }

    @Test
    void closingAgainWithLessPatienceEndsTheWait() throws Exception {
        holdRequests();
        CompletableFuture<GeneratedImage> future = brush.generateAsync(FOX);
        running.await();
        Thread closing = start(() -> brush.close(HOUR));
        awaitRefusal();

        brush.close();

        assertThat(engine.closes).containsExactly(Duration.ZERO);
        assertClosed(future);
        closing.join();
    }

    @Test
    void closingAgainWithMorePatienceWaitsForTheFirst() throws Exception {
        CountDownLatch freeing = new CountDownLatch(1);
        CountDownLatch freed = new CountDownLatch(1);
        engine.onClose = () -> {
            freeing.countDown();
            await(freed);
        };
        Thread first = start(brush::close);
        freeing.await();
        Thread second = start(() -> brush.close(HOUR));
        while (second.getState() != Thread.State.TIMED_WAITING && second.getState() != Thread.State.WAITING) {
            assertThat(second.getState()).isNotEqualTo(Thread.State.TERMINATED);
            Thread.onSpinWait();
        }

        freed.countDown();
        first.join();
        second.join();

        assertThat(engine.closes).containsExactly(Duration.ZERO);
    }

    @Test
    void anInterruptEndsThePatienceAndIsKept() throws Exception {
        holdRequests();
        CompletableFuture<GeneratedImage> future = brush.generateAsync(FOX);
        running.await();
        CompletableFuture<Boolean> kept = new CompletableFuture<>();
        Thread closing = start(() -> {
            brush.close(HOUR);
            kept.complete(Thread.currentThread().isInterrupted());
        });
        awaitRefusal();

        closing.interrupt();

        assertThat(kept.get()).isTrue();
        assertClosed(future);
    }

    @Test
    void anInterruptFromBeforeDoesNotReachTheEnginesClosing() {
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        engine.onClose = () -> interrupted.complete(Thread.currentThread().isInterrupted());
        Thread.currentThread().interrupt();

        brush.close(HOUR);

        assertThat(Thread.interrupted()).isTrue();
        assertThat(interrupted).isCompletedWithValue(false);
    }

    @Test
    void aStageMayCloseWhatMadeItsImage() throws Exception {
        brush.generateAsync(FOX).thenRun(() -> brush.close(HOUR)).get();

        assertThat(engine.closes).hasSize(1);
    }

    @Test
    void aStageOfAFutureThatClosingEndsMayCloseToo() throws Exception {
        holdRequests();
        engine.onClose = () -> {}; // leaves the future to SwiftBrush, which completes it on the closing thread
        CompletableFuture<Void> stage = brush.generateAsync(FOX).handle((image, failure) -> {
            brush.close();
            return null;
        });
        running.await();

        brush.close();

        assertThat(stage).isCompleted();
        assertThat(engine.closes).containsExactly(Duration.ZERO);
    }

    @Test
    void refusesPatienceThatIsAbsentNegativeOrOver365Days() {
        assertThatThrownBy(() -> brush.close(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("patience must not be null");
        assertThatThrownBy(() -> brush.close(Duration.ofMillis(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("patience must not be negative, but was PT-0.001S");
        assertThatThrownBy(() -> brush.close(Duration.ofDays(366)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("patience must be at most 365 days, but was PT8784H");
        assertThat(engine.closes).isEmpty();
    }
}
