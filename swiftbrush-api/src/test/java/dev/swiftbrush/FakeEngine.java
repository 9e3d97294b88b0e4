package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;

import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Makes grey images at once, or whatever a test sets as {@link #behaviour}. */
final class FakeEngine implements Engine {

    static final ModelInfo MODEL = new ModelInfo(
            "fake",
            "swiftbrush",
            "cpu",
            "FP32",
            new ImageSize(64, 64),
            64,
            77,
            Licence.UNKNOWN,
            TestImages.FINGERPRINT);
    static final Stats STATS = new Stats(2, 1, 3, 10, 1, 2, 3, 4, 12, 5, 6, 7, TestImages.LATENCIES);

    final EngineConfig config;
    final List<GenerationRequest> requests = new CopyOnWriteArrayList<>();
    final List<Duration> closes = new CopyOnWriteArrayList<>(); // the patience of each
    final AtomicInteger refused = new AtomicInteger();
    volatile Function<GenerationRequest, GeneratedImage> behaviour = FakeEngine::grey;
    volatile Runnable onClose = () -> {};

    FakeEngine(EngineConfig config) {
        this.config = config;
    }

    static GeneratedImage grey(GenerationRequest request) {
        ImageSize size = Objects.requireNonNullElse(request.size(), MODEL.defaultSize());
        return TestImages.grey(size, request.prompt(), request.seed());
    }

    @Override
    public ModelInfo model() {
        return MODEL;
    }

    @Override
    public Stats stats() {
        return STATS;
    }

    @Override
    public void check(GenerationRequest request) {
        if (request.size() != null) {
            int width = request.size().width();
            requireArgument(width % 64 == 0, "width must be a multiple of 64, but was %d", width);
        }
    }

    @Override
    public GeneratedImage generate(GenerationRequest request) {
        if (!closes.isEmpty()) {
            throw Gate.closed();
        }
        requests.add(request);
        return behaviour.apply(request);
    }

    @Override
    public QueueFullException refuse() {
        refused.incrementAndGet();
        return new QueueFullException(2, 2, 3, Duration.ZERO);
    }

    @Override
    public void close(Duration patience) {
        closes.add(patience);
        onClose.run();
    }
}
