package dev.swiftbrush.runtime.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.DeadlineExceededException;
import dev.swiftbrush.DeviceException;
import dev.swiftbrush.GenerationCancelledException;
import dev.swiftbrush.GenerationEvent;
import dev.swiftbrush.GenerationException;
import dev.swiftbrush.GenerationListener;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.NoSessionException;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.QueueFullException;
import dev.swiftbrush.Stats;
import dev.swiftbrush.runtime.noise.Noise;
import dev.swiftbrush.runtime.reference.Reference;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of requests under load, faults and misuse; the networks are fakes that do as they are told. */
@Timeout(60)
class TextToImageTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final ImageSize SMALL = new ImageSize(8, 8);
    private static final ModelShape SHAPE = new ModelShape(77, 2, 4, 2, 4, SMALL);

    private final List<FakeNetworks> opened = new CopyOnWriteArrayList<>();
    private final List<GenerationEvent> events = new CopyOnWriteArrayList<>();
    private PoolOptions pool = new PoolOptions(1, 64, LONG, 1, Duration.ZERO);
    private long promptCacheBytes = 1 << 20;
    private boolean warmUp;
    private TextToImage images;

    @AfterEach
    void close() {
        opened.forEach(networks -> networks.mayEnd.release(1_000_000));
        if (images != null) {
            images.close(Duration.ZERO);
        }
    }

    @Test
    void everyRequestGetsItsOwnPicture() throws Exception {
        pool = pool.withMaxConcurrent(3)
                .withMaxBatch(4)
                .withMaxDelay(Duration.ofMillis(2))
                .withMaxQueue(500);
        open("cpu", "other");
        List<CompletableFuture<TextToImage.Drawn>> drawn = new ArrayList<>();
        for (int seed = 0; seed < 200; seed++) {
            ImageSize size = seed % 3 == 0 ? SMALL : new ImageSize(8, 12);
            drawn.add(start(seed, size));
        }
        for (int seed = 0; seed < 200; seed++) {
            byte[] rgb = drawn.get(seed).get().rgb();
            assertThat(rgb).hasSize(seed % 3 == 0 ? 8 * 8 * 3 : 8 * 12 * 3).containsOnly(firstByteOfNoise(seed));
        }
        Stats stats = images.stats();
        assertThat(stats.completed()).isEqualTo(200);
        assertThat(stats.busy()).isZero();
        assertThat(stats.waiting()).isZero();
        assertThat(stats.networkCalls()).isBetween(50L, 200L);
        assertThat(opened)
                .allSatisfy(networks -> assertThat(networks.mostRunning.get()).isBetween(1, 3));
        assertThat(stats.latency().count()).isEqualTo(200);
        assertThat(stats.latency().p50())
                .isPositive()
                .isLessThanOrEqualTo(stats.latency().max());
    }

    @Test
    void requestsOfOneSizeAreJoinedUpToTheBatch() throws Exception {
        pool = pool.withMaxBatch(3);
        open("cpu");
        FakeNetworks networks = hold();
        List<CompletableFuture<TextToImage.Drawn>> drawn = new ArrayList<>();
        drawn.add(start(0, SMALL));
        awaitRunning(networks, 1);
        for (int seed = 1; seed <= 4; seed++) {
            drawn.add(start(seed, SMALL));
        }
        drawn.add(start(5, new ImageSize(16, 8)));
        awaitWaiting(5);
        networks.mayEnd.release(100);
        for (CompletableFuture<TextToImage.Drawn> each : drawn) {
            each.get();
        }
        assertThat(networks.batches).containsExactlyInAnyOrder(1, 3, 1, 1);
        assertThat(images.stats().networkCalls()).isEqualTo(4);
    }

    @Test
    void aCallWaitsALittleForMoreToJoin() throws Exception {
        pool = pool.withMaxBatch(2).withMaxDelay(Duration.ofSeconds(10));
        open("cpu");
        CompletableFuture<TextToImage.Drawn> first = start(1, SMALL);
        CompletableFuture<TextToImage.Drawn> second = start(2, SMALL);
        first.get();
        second.get();
        assertThat(opened.get(0).batches).containsExactly(2);
    }

    @Test
    void theSamePromptIsEncodedOnce() throws Exception {
        open("cpu");
        for (int seed = 0; seed < 5; seed++) {
            draw("a cat", seed);
        }
        draw("a dog", 0);
        assertThat(opened.get(0).encoded.get()).isEqualTo(2);
        Stats stats = images.stats();
        assertThat(stats.promptCacheHits()).isEqualTo(4);
        assertThat(stats.promptCacheMisses()).isEqualTo(2);
        assertThat(stats.promptCacheBytes()).isEqualTo(2 * 77 * 2 * Float.BYTES);
    }

    @Test
    void aCacheOfNoBytesKeepsNothing() throws Exception {
        promptCacheBytes = 0;
        open("cpu");
        for (int i = 0; i < 3; i++) {
            draw("a cat", i);
        }
        assertThat(opened.get(0).encoded.get()).isEqualTo(3);
    }

    @Test
    void theCacheOfPromptsKeepsWithinItsBytes() throws Exception {
        long one = 77 * 2 * Float.BYTES;
        promptCacheBytes = 3 * one;
        open("cpu");
        for (String prompt : List.of("a", "b", "c", "d", "e", "f", "g", "h")) {
            draw(prompt, 0);
        }
        assertThat(images.stats().promptCacheBytes()).isBetween(one, 3 * one);
        assertThat(images.stats().promptCacheMisses()).isEqualTo(8);
    }

    @Test
    void refusesWhatDoesNotFitIntoTheQueue() throws Exception {
        pool = pool.withMaxQueue(0);
        open("cpu");
        FakeNetworks networks = hold();
        CompletableFuture<TextToImage.Drawn> running = start(1, SMALL);
        awaitRunning(networks, 1);
        assertThatThrownBy(() -> draw("a cat", 2))
                .isInstanceOf(QueueFullException.class)
                .hasMessageStartingWith("The queue for a session is full (sessions=1, busy=1, waiting=0)");
        networks.mayEnd.release(1000);
        running.get();
        for (int i = 0; i < 100; i++) {
            draw("a cat", i); // the place is free when the one before returns
        }
        assertThat(images.stats().rejected()).isEqualTo(1);
    }

    @Test
    void givesUpWhenNoSessionBecomesFreeInTime() throws Exception {
        pool = pool.withMaxWait(Duration.ofMillis(30));
        open("cpu");
        FakeNetworks networks = hold();
        CompletableFuture<TextToImage.Drawn> running = start(1, SMALL);
        awaitRunning(networks, 1);
        assertThatThrownBy(() -> draw("a cat", 2))
                .isInstanceOf(NoSessionException.class)
                .hasMessageContaining("(sessions=1, busy=1, waiting=");
        networks.mayEnd.release(10);
        running.get();
        assertThat(images.stats().timedOut()).isEqualTo(1);
    }

    @Test
    void aDeadlineEndsARequestThatWaitsAndOneThatRuns() throws Exception {
        open("cpu");
        FakeNetworks networks = hold();
        assertThatThrownBy(() -> images.draw("a cat", 1, SMALL, Duration.ofMillis(30)))
                .isInstanceOf(DeadlineExceededException.class)
                .hasMessageContaining("The image was not there within its timeout of");
        awaitRunning(networks, 0); // its network call has ended too
        CompletableFuture<TextToImage.Drawn> running = start(2, SMALL);
        awaitRunning(networks, 1);
        assertThatThrownBy(() -> images.draw("a cat", 3, SMALL, Duration.ofMillis(30)))
                .isInstanceOf(DeadlineExceededException.class);
        networks.mayEnd.release(10);
        running.get();
        assertThat(images.stats().timedOut()).isEqualTo(2);
    }

    @Test
    void anInterruptEndsTheCallThatNobodyElseWaitsFor() throws Exception {
        open("cpu");
        FakeNetworks networks = hold();
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                draw("a cat", 1);
                interrupted.complete(false);
            } catch (GenerationCancelledException e) {
                interrupted.complete(Thread.currentThread().isInterrupted());
            }
        });
        thread.start();
        awaitRunning(networks, 1);
        thread.interrupt();
        assertThat(interrupted.get(10, TimeUnit.SECONDS)).isTrue();
        awaitRunning(networks, 0);
        networks.mayEnd.release(10);
        draw("a cat", 2);
        assertThat(images.stats().cancelled()).isEqualTo(1);
        assertThat(opened).hasSize(1); // a cancelled call is no reason to open the networks anew
    }

    @Test
    void cancellingOneMemberOfABatchLeavesTheOthers() throws Exception {
        pool = pool.withMaxBatch(2).withMaxDelay(Duration.ofSeconds(10));
        open("cpu");
        FakeNetworks networks = hold();
        CompletableFuture<TextToImage.Drawn> kept = start(1, SMALL);
        assertThatThrownBy(() -> images.draw("a cat", 2, SMALL, Duration.ofMillis(300)))
                .isInstanceOf(DeadlineExceededException.class);
        assertThat(networks.running.get()).isEqualTo(1);
        networks.mayEnd.release(10);
        assertThat(kept.get().rgb()).containsOnly(firstByteOfNoise(1));
    }

    @Test
    void givingUpWhileACallWaitsForMoreDoesNoHarmToWhoJoinsIt() throws Exception {
        pool = pool.withMaxBatch(3).withMaxDelay(Duration.ofMillis(400));
        open("cpu");
        assertThatThrownBy(() -> images.draw("a cat", 1, SMALL, Duration.ofMillis(50)))
                .isInstanceOf(DeadlineExceededException.class);
        assertThat(draw("a cat", 2).rgb()).containsOnly(firstByteOfNoise(2));
        assertThat(opened.get(0).batches).containsExactly(1);
    }

    @Test
    void networksThatFailAreOpenedAnewAndWaitingRequestsGoOn() throws Exception {
        open("cpu");
        FakeNetworks first = hold();
        first.failures.add(new GenerationException("The generator failed in ONNX Runtime: broken"));
        CompletableFuture<TextToImage.Drawn> failing = start(1, SMALL);
        awaitRunning(first, 1);
        CompletableFuture<TextToImage.Drawn> waiting = start(2, SMALL);
        awaitWaiting(1);
        first.mayEnd.release(10);
        assertThatThrownBy(failing::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(GenerationException.class)
                .hasMessage("The generator failed in ONNX Runtime: broken");
        assertThat(waiting.get().rgb()).containsOnly(firstByteOfNoise(2));
        assertThat(opened).hasSize(2);
        assertThat(first.closed).isTrue();
        assertThat(images.stats().failed()).isEqualTo(1);
    }

    @Test
    void networksThatCannotBeOpenedAnewAreTriedAgainWithTheNextRequest() throws Exception {
        AtomicInteger opens = new AtomicInteger();
        images = images(List.of(new Lane("cpu", () -> {
            if (opens.incrementAndGet() == 2) {
                throw new ModelException("The files have changed");
            }
            return networks();
        })));
        opened.get(0).failures.add(new GenerationException("broken"));
        assertThatThrownBy(() -> draw("a cat", 1)).isInstanceOf(GenerationException.class);
        assertThatThrownBy(() -> draw("a cat", 2))
                .isInstanceOf(ModelException.class)
                .hasMessage("The files have changed");
        assertThat(draw("a cat", 3).rgb()).containsOnly(firstByteOfNoise(3));
        assertThat(opens).hasValue(3);
    }

    @Test
    void networksThatAlwaysFailAreAnErrorForEachRequestUntilTheyWorkAgain() throws Exception {
        AtomicBoolean broken = new AtomicBoolean(true);
        images = images(List.of(new Lane("cpu", () -> {
            FakeNetworks networks = networks();
            if (broken.get()) {
                networks.failures.add(new GenerationException("broken"));
            }
            return networks;
        })));
        for (int i = 0; i < 20; i++) {
            assertThatThrownBy(() -> draw("a cat", 1))
                    .isInstanceOf(GenerationException.class)
                    .hasMessage("broken");
        }
        broken.set(false);
        assertThat(draw("a cat", 2).rgb()).containsOnly(firstByteOfNoise(2));
        assertThat(opened).hasSize(21);
        assertThat(opened.subList(0, 20))
                .allSatisfy(networks -> assertThat(networks.closed).isTrue());
        assertThat(images.stats().failed()).isEqualTo(20);
    }

    @Test
    void networksThatFailedAreOpenedAnewOnceTheirOtherCallsAreOver() throws Exception {
        pool = pool.withMaxConcurrent(2);
        open("cpu");
        FakeNetworks first = hold();
        CompletableFuture<TextToImage.Drawn> long1 = start(1, SMALL);
        awaitRunning(first, 1);
        first.failures.add(new GenerationException("broken"));
        CompletableFuture<TextToImage.Drawn> long2 = start(2, SMALL);
        awaitRunning(first, 2);
        first.mayEnd.release(1);
        await(() -> long1.isDone() || long2.isDone()); // one of the two failed, and its session is free
        CompletableFuture<TextToImage.Drawn> third = start(3, SMALL);
        await(() -> images.stats().busy() == 2);
        assertThat(opened).hasSize(1); // FakeNetworks.close fails while a call runs
        first.mayEnd.release(1);
        assertThat(third.get().rgb()).containsOnly(firstByteOfNoise(3));
        assertThat(opened).hasSize(2);
        assertThat(first.closed).isTrue();
        assertThat(List.of(long1, long2))
                .filteredOn(CompletableFuture::isCompletedExceptionally)
                .hasSize(1);
    }

    @Test
    void aBatchThatAllOfItsMembersGiveUpIsEnded() throws Exception {
        pool = pool.withMaxBatch(2).withMaxDelay(Duration.ofSeconds(10));
        open("cpu");
        FakeNetworks networks = hold();
        List<Thread> callers = new ArrayList<>();
        for (int seed = 1; seed <= 2; seed++) {
            int own = seed;
            Thread caller = new Thread(() ->
                    assertThatThrownBy(() -> draw("a cat", own)).isInstanceOf(GenerationCancelledException.class));
            callers.add(caller);
            caller.start();
        }
        awaitRunning(networks, 1);
        callers.get(0).interrupt();
        callers.get(0).join();
        assertThat(networks.running.get()).isEqualTo(1); // the other still wants its picture
        callers.get(1).interrupt();
        callers.get(1).join();
        awaitRunning(networks, 0);
        assertThat(images.stats().cancelled()).isEqualTo(2);
        assertThat(opened).hasSize(1);
    }

    @Test
    void aShortageOfMemoryIsSurvivedWithoutOpeningAnew() throws Exception {
        open("cpu");
        opened.get(0).failures.add(new DeviceException("There was not enough memory for the generator"));
        assertThatThrownBy(() -> draw("a cat", 1)).isInstanceOf(DeviceException.class);
        draw("a cat", 2);
        assertThat(opened).hasSize(1);
    }

    @Test
    void requestsGoToTheDeviceWithTheLeastToDo() throws Exception {
        pool = pool.withMaxConcurrent(2);
        open("cuda:0", "cuda:1");
        opened.forEach(networks -> networks.mayEnd.drainPermits());
        List<CompletableFuture<TextToImage.Drawn>> drawn = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            drawn.add(start(i, SMALL));
            int running = i;
            await(() -> opened.get(0).running.get() + opened.get(1).running.get() == running);
            assertThat(Math.abs(
                            opened.get(0).running.get() - opened.get(1).running.get()))
                    .isLessThanOrEqualTo(1);
        }
        opened.forEach(networks -> networks.mayEnd.release(100));
        for (CompletableFuture<TextToImage.Drawn> each : drawn) {
            each.get();
        }
    }

    @Test
    void closingWithPatienceLetsWhatIsThereFinish() throws Exception {
        open("cpu");
        FakeNetworks networks = hold();
        CompletableFuture<TextToImage.Drawn> running = start(1, SMALL);
        CompletableFuture<TextToImage.Drawn> waiting = start(2, SMALL);
        awaitRunning(networks, 1);
        awaitWaiting(1);
        CompletableFuture<Void> closing = CompletableFuture.runAsync(() -> images.close(LONG));
        Thread.sleep(50);
        assertThat(closing).isNotDone();
        networks.mayEnd.release(10);
        running.get();
        waiting.get();
        closing.get();
        assertThat(networks.closed).isTrue();
    }

    @Test
    void closingAtOnceEndsWhatWaitsAndWhatRuns() throws Exception {
        open("cpu");
        FakeNetworks networks = hold();
        CompletableFuture<TextToImage.Drawn> running = start(1, SMALL);
        awaitRunning(networks, 1);
        CompletableFuture<TextToImage.Drawn> waiting = start(2, SMALL);
        awaitWaiting(1);
        images.close(Duration.ZERO);
        assertThat(networks.closed).isTrue();
        for (CompletableFuture<TextToImage.Drawn> each : List.of(running, waiting)) {
            assertThatThrownBy(each::get)
                    .cause()
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("SwiftBrush is closed; build a new one");
        }
        assertThatThrownBy(() -> draw("a cat", 3))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("SwiftBrush is closed; build a new one");
    }

    @Test
    void closingFreesEverythingTheLastOpenedFirstEvenIfThatFails() {
        open("cuda:0", "cuda:1");
        List<FakeNetworks> closed = new ArrayList<>();
        opened.forEach(networks -> networks.onClose = () -> {
            closed.add(networks);
            throw new GenerationException("ONNX Runtime cannot close " + opened.indexOf(networks));
        });
        assertThatThrownBy(() -> images.close(Duration.ZERO))
                .hasMessage("ONNX Runtime cannot close 1")
                .hasSuppressedException(new GenerationException("ONNX Runtime cannot close 0"));
        assertThat(closed).containsExactly(opened.get(1), opened.get(0));
        assertThatThrownBy(() -> draw("a cat", 1)).isInstanceOf(IllegalStateException.class);
        images = null;
    }

    @Test
    void warmsEveryDeviceUpWithoutCountingIt() throws Exception {
        warmUp = true;
        open("cuda:0", "cuda:1");
        assertThat(opened).allSatisfy(networks -> assertThat(networks.batches).containsExactly(1));
        assertThat(images.stats().completed()).isZero();
        assertThat(images.stats().networkCalls()).isZero();
        assertThat(events).isEmpty();
    }

    @Test
    void tellsOneEventAStageAndOneOutcomeARequest() throws Exception {
        open("cpu");
        draw("a cat", 1);
        assertThat(events)
                .extracting(event -> event instanceof GenerationEvent.Stage stage
                        ? stage.stage().name()
                        : event.getClass().getSimpleName())
                .containsExactly("TOKENIZING", "WAITING", "ENCODING", "NOISE", "GENERATING", "Completed");
        events.clear();
        opened.get(0).failures.add(new GenerationException("broken"));
        assertThatThrownBy(() -> draw("a cat", 1)).isInstanceOf(GenerationException.class);
        assertThat(events.get(events.size() - 1)).isInstanceOf(GenerationEvent.Failed.class);
        assertThat(events.stream().filter(event -> !(event instanceof GenerationEvent.Stage)))
                .hasSize(1);
    }

    static List<Throwable> whatListenersThrow() {
        return List.of(
                new IllegalStateException("listener"),
                new NoClassDefFoundError("listener"),
                new AssertionError("listener"),
                new OutOfMemoryError("listener"),
                new IOException("listener")); // Kotlin needs no declaration
    }

    @ParameterizedTest
    @MethodSource("whatListenersThrow")
    void aListenerThatThrowsHarmsNobody(Throwable thrown) throws Exception {
        images = new TextToImage(
                SHAPE,
                tokenizer(),
                List.of(new Lane("cpu", this::networks)),
                serving(List.of(event -> throwAnyway(thrown), events::add)));
        assertThat(draw("a cat", 7).rgb()).containsOnly(firstByteOfNoise(7));
        opened.get(0).failures.add(new GenerationException("broken"));
        assertThatThrownBy(() -> draw("a cat", 1)).isInstanceOf(GenerationException.class);
        assertThat(draw("a cat", 7).rgb()).containsOnly(firstByteOfNoise(7));
        assertThat(images.stats().completed()).isEqualTo(2);
        assertThat(images.stats().failed()).isEqualTo(1);
        assertThat(events).hasSizeGreaterThan(10);
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void throwAnyway(Throwable thrown) throws E {
        throw (E) thrown;
    }

    private void open(String... devices) {
        List<Lane> lanes = new ArrayList<>();
        for (String device : devices) {
            lanes.add(new Lane(device, this::networks));
        }
        images = images(lanes);
    }

    private TextToImage images(List<Lane> lanes) {
        return new TextToImage(SHAPE, tokenizer(), lanes, serving(List.of(events::add)));
    }

    private Serving serving(List<GenerationListener> listeners) {
        return new Serving(pool, NoiseGenerator.TORCH_CPU, warmUp, promptCacheBytes, listeners);
    }

    private FakeNetworks networks() {
        FakeNetworks networks = new FakeNetworks();
        opened.add(networks);
        return networks;
    }

    /** From now on, calls end only when the test says so. */
    private FakeNetworks hold() {
        FakeNetworks networks = opened.get(0);
        networks.mayEnd.drainPermits();
        return networks;
    }

    private static PromptTokenizer tokenizer() {
        return ClipTokenizer.open(Reference.folder("sd2").resolve("tokenizer"), 77);
    }

    private TextToImage.Drawn draw(String prompt, long seed) {
        return images.draw(prompt, seed, SMALL, null);
    }

    private CompletableFuture<TextToImage.Drawn> start(long seed, ImageSize size) {
        CompletableFuture<TextToImage.Drawn> drawn = new CompletableFuture<>();
        new Thread(() -> {
                    try {
                        drawn.complete(images.draw("a cat", seed, size, null));
                    } catch (Throwable e) {
                        drawn.completeExceptionally(e);
                    }
                })
                .start();
        return drawn;
    }

    private static void awaitRunning(FakeNetworks networks, int count) throws InterruptedException {
        await(() -> networks.running.get() == count);
    }

    private void awaitWaiting(int count) throws InterruptedException {
        await(() -> images.stats().waiting() == count);
    }

    private static void await(Supplier<Boolean> holds) throws InterruptedException {
        while (!holds.get()) {
            Thread.sleep(1);
        }
    }

    private static byte firstByteOfNoise(long seed) {
        float first = Noise.draw(NoiseGenerator.TORCH_CPU, seed, 4 * 4 * 4)[0];
        return ByteBuffer.allocate(4)
                .order(ByteOrder.nativeOrder())
                .putFloat(0, first)
                .get(0);
    }
}
