package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // an image that never comes hangs its test
class SwiftBrushManyTest {

    private static final GenerationRequest FOX = GenerationRequest.of("a fox").withSeed(0);

    private final SwiftBrush brush = SwiftBrush.builder()
            .model(Path.of("model"))
            .pool(PoolOptions.defaults().withMaxConcurrent(3))
            .build();
    private final FakeEngine engine = FakeEngineProvider.opened();
    private final CountDownLatch never = new CountDownLatch(1);
    private final Semaphore interrupted = new Semaphore(0);

    @AfterEach
    void close() {
        brush.close();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private GeneratedImage waitUntilCancelled() {
        try {
            never.await();
            throw new AssertionError();
        } catch (InterruptedException e) {
            interrupted.release();
            throw new GenerationCancelledException(3, 3, 0, Duration.ZERO);
        }
    }

    @Test
    void handsOverImagesInTheOrderInWhichTheyBecomeReadyOnTheCallersThread() {
        CountDownLatch secondIsThere = new CountDownLatch(1);
        engine.behaviour = request -> {
            if (request.seed() == 0) {
                await(secondIsThere);
            }
            return FakeEngine.grey(request);
        };
        Thread caller = Thread.currentThread();
        List<Integer> indices = new ArrayList<>();
        List<Long> seeds = new ArrayList<>();

        brush.generateAll(FOX.variations(2), (image, index) -> {
            assertThat(Thread.currentThread()).isSameAs(caller);
            indices.add(index);
            seeds.add(image.seed());
            secondIsThere.countDown();
        });

        assertThat(indices).containsExactly(1, 0);
        assertThat(seeds).containsExactly(1L, 0L);
    }

    @Test
    void returnsImagesInTheOrderOfTheirRequestsHoweverTheyBecomeReady() {
        CountDownLatch second = new CountDownLatch(1);
        engine.behaviour = request -> {
            if (request.seed() == 0) {
                await(second);
            } else {
                second.countDown();
            }
            return FakeEngine.grey(request);
        };

        assertThat(brush.generateAll(FOX.variations(3)))
                .extracting(GeneratedImage::seed)
                .containsExactly(0L, 1L, 2L);
    }

    @Test
    void hasAsManyRequestsInThePoolAsItRunsAtOnceAndNoMore() {
        assertAtOnce(12, PoolOptions.defaults().withMaxConcurrent(2).withMaxBatch(3));
    }

    @Test
    void hasNoMoreRequestsInThePoolThanItsQueueTakes() {
        assertAtOnce(
                5, PoolOptions.defaults().withMaxConcurrent(2).withMaxBatch(3).withMaxQueue(1));
    }

    /** On two devices; {@code n} at once are needed for the barrier to open, and one more would be seen. */
    private static void assertAtOnce(int n, PoolOptions pool) {
        try (SwiftBrush many = SwiftBrush.builder()
                .model(Path.of("model"))
                .device(Device.cuda(0), Device.cuda(1))
                .pool(pool)
                .build()) {
            FakeEngine opened = FakeEngineProvider.opened();
            CyclicBarrier barrier = new CyclicBarrier(n);
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger most = new AtomicInteger();
            opened.behaviour = request -> {
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                try {
                    barrier.await(20, TimeUnit.SECONDS);
                } catch (Exception e) {
                    throw new GenerationException("fewer than " + n + " at once", e);
                }
                inside.decrementAndGet();
                return FakeEngine.grey(request);
            };

            assertThat(many.generateAll(FOX.variations(5 * n))).hasSize(5 * n);
            assertThat(most).hasValue(n);
            assertThat(opened.refused).hasValue(0);
        }
    }

    @Test
    void startsTheNextRequestBeforeItHandsOverAnImage() {
        try (SwiftBrush single = SwiftBrush.builder()
                .model(Path.of("model"))
                .pool(PoolOptions.defaults().withMaxQueue(0))
                .build()) {
            CountDownLatch next = new CountDownLatch(2);
            FakeEngineProvider.opened().behaviour = request -> {
                next.countDown();
                return FakeEngine.grey(request);
            };

            single.generateAll(FOX.variations(2), (image, index) -> await(next));
        }
        assertThat(FakeEngineProvider.opened().requests).hasSize(2);
    }

    @Test
    void theFirstFailureIsThrownAsItIsAndCancelsTheRest() throws Exception {
        GenerationException failure = new GenerationException("device lost");
        failTheSecond(failure);

        assertThatThrownBy(() -> brush.generateAll(FOX.variations(100))).isSameAs(failure);

        interrupted.acquire(2);
        assertThat(engine.requests).hasSize(3);
    }

    @Test
    void anErrorIsThrownAsItIsToo() {
        OutOfMemoryError failure = new OutOfMemoryError("pixels");
        failTheSecond(failure);

        assertThatThrownBy(() -> brush.generateAll(FOX.variations(3))).isSameAs(failure);
    }

    private void failTheSecond(Throwable failure) {
        CountDownLatch others = new CountDownLatch(2);
        engine.behaviour = request -> {
            if (request.seed() != 1) {
                others.countDown();
                return waitUntilCancelled();
            }
            await(others);
            if (failure instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) failure;
        };
    }

    @Test
    void whatTheConsumerThrowsEndsTheCallAndCancelsTheRest() throws Exception {
        CountDownLatch others = new CountDownLatch(2);
        engine.behaviour = request -> {
            if (request.seed() != 0) {
                others.countDown();
                return waitUntilCancelled();
            }
            return FakeEngine.grey(request);
        };
        IllegalArgumentException failure = new IllegalArgumentException("disk full");

        assertThatThrownBy(() -> brush.generateAll(FOX.variations(3), (image, index) -> {
                    await(others);
                    throw failure;
                }))
                .isSameAs(failure);

        interrupted.acquire(2);
    }

    @Test
    void interruptingTheCallerCancelsEveryRequest() throws Exception {
        Thread caller = Thread.currentThread();
        AtomicInteger missing = new AtomicInteger(3);
        engine.behaviour = request -> {
            if (missing.decrementAndGet() == 0) {
                caller.interrupt();
            }
            return waitUntilCancelled();
        };

        assertThatThrownBy(() -> brush.generateAll(FOX.variations(100)))
                .isInstanceOf(GenerationCancelledException.class)
                .hasMessageMatching("Interrupted after .*s \\(sessions=2, busy=1, waiting=3\\)");

        assertThat(Thread.interrupted()).isTrue();
        interrupted.acquire(3);
        assertThat(engine.requests).hasSize(3);
    }

    @Test
    void makesNothingOfNothing() {
        assertThat(brush.generateAll(List.of())).isEmpty();
    }
}
