package dev.swiftbrush.runtime.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.GenerationCancelledException;
import dev.swiftbrush.NoSessionException;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.QueueFullException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class SessionPoolTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    @Test
    void refusesWhatDoesNotFitIntoTheQueue() {
        SessionPool pool = new SessionPool(new PoolOptions(1, 0, LONG));
        try (SessionPool.Lease lease = pool.borrow()) {
            assertThatThrownBy(pool::borrow)
                    .isInstanceOf(QueueFullException.class)
                    .hasMessage(
                            "The queue for a session is full (sessions=1, busy=1, waiting=0); raise maxQueue or send fewer requests at once");
        }
        pool.borrow().close();
    }

    @Test
    void givesUpWhenNoSessionBecomesFreeInTime() {
        SessionPool pool = new SessionPool(new PoolOptions(1, 5, Duration.ofMillis(20)));
        try (SessionPool.Lease lease = pool.borrow()) {
            assertThatThrownBy(pool::borrow)
                    .isInstanceOfSatisfying(NoSessionException.class, e -> {
                        assertThat(e.sessions()).isEqualTo(1);
                        assertThat(e.busy()).isEqualTo(1);
                        assertThat(e.waiting()).isEqualTo(1);
                        assertThat(e.waited()).isGreaterThanOrEqualTo(Duration.ofMillis(20));
                    })
                    .hasMessageStartingWith("No session became free within")
                    .hasMessageEndingWith("(sessions=1, busy=1, waiting=1); raise maxConcurrent or maxWait");
        }
        pool.borrow().close();
    }

    @Test
    void servesInTheOrderOfArrival() throws Exception {
        SessionPool pool = new SessionPool(new PoolOptions(1, 5, LONG));
        List<Integer> served = Collections.synchronizedList(new ArrayList<>());
        List<CompletableFuture<Void>> waiting = new ArrayList<>();
        try (SessionPool.Lease lease = pool.borrow()) {
            for (int i = 0; i < 5; i++) {
                int number = i;
                waiting.add(onThread(() -> {
                    try (SessionPool.Lease own = pool.borrow()) {
                        served.add(number);
                    }
                }));
                awaitWaiting(pool, i + 1);
            }
        }
        CompletableFuture.allOf(waiting.toArray(CompletableFuture[]::new)).get();
        assertThat(served).containsExactly(0, 1, 2, 3, 4);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void neverRunsMoreThanItMay(int most) throws Exception {
        SessionPool pool = new SessionPool(new PoolOptions(most, 100, LONG));
        AtomicInteger running = new AtomicInteger();
        AtomicInteger highest = new AtomicInteger();
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(onThread(() -> {
                for (int k = 0; k < 50; k++) {
                    try (SessionPool.Lease lease = pool.borrow()) {
                        highest.accumulateAndGet(running.incrementAndGet(), Math::max);
                        Thread.yield();
                        running.decrementAndGet();
                    }
                }
            }));
        }
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get();
        assertThat(highest.get()).isBetween(1, most);
        assertThat(running.get()).isZero();
    }

    @Test
    void aLeaseClosedTwiceGivesOneSessionBack() {
        SessionPool pool = new SessionPool(new PoolOptions(1, 0, LONG));
        SessionPool.Lease lease = pool.borrow();
        lease.close();
        lease.close();
        try (SessionPool.Lease only = pool.borrow()) {
            assertThatThrownBy(pool::borrow).isInstanceOf(QueueFullException.class);
        }
    }

    @Test
    void anInterruptedRequestLeavesTheQueueAndStaysInterrupted() throws Exception {
        SessionPool pool = new SessionPool(new PoolOptions(1, 5, LONG));
        try (SessionPool.Lease lease = pool.borrow()) {
            CompletableFuture<Boolean> stayed = new CompletableFuture<>();
            Thread thread = new Thread(() -> {
                try {
                    pool.borrow();
                    stayed.complete(false);
                } catch (GenerationCancelledException e) {
                    stayed.complete(Thread.currentThread().isInterrupted());
                }
            });
            thread.start();
            awaitWaiting(pool, 1);
            thread.interrupt();
            assertThat(stayed.get(10, TimeUnit.SECONDS)).isTrue();
            awaitWaiting(pool, 0);
        }
        pool.borrow().close();
    }

    @Test
    void closingTurnsWaitingAndNewRequestsAwayAndWaitsForTheRunningOnes() throws Exception {
        SessionPool pool = new SessionPool(new PoolOptions(1, 5, LONG));
        SessionPool.Lease running = pool.borrow();
        CompletableFuture<Void> waiting = onThread(pool::borrow);
        awaitWaiting(pool, 1);
        CountDownLatch closing = new CountDownLatch(1);
        CompletableFuture<Void> closed = onThread(() -> {
            pool.close();
            closing.countDown();
            pool.awaitIdle();
        });
        closing.await();
        assertThatThrownBy(waiting::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("SwiftBrush is closed; build a new one");
        assertThatThrownBy(pool::borrow)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("SwiftBrush is closed; build a new one");
        assertThat(closed).isNotDone();
        running.close();
        closed.get();
    }

    private static CompletableFuture<Void> onThread(Runnable work) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        new Thread(() -> {
                    try {
                        work.run();
                        done.complete(null);
                    } catch (Throwable e) {
                        done.completeExceptionally(e);
                    }
                })
                .start();
        return done;
    }

    private static void awaitWaiting(SessionPool pool, int count) throws InterruptedException {
        while (pool.waiting() != count) {
            Thread.sleep(1);
        }
    }
}
