package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;

import dev.swiftbrush.spi.Engine;
import dev.swiftbrush.spi.EngineConfig;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Makes grey images at once, or whatever a test sets as {@link #behaviour}. */
final class FakeEngine implements Engine {

    static final ModelInfo MODEL = new ModelInfo("fake", "swiftbrush", "cpu", "FP32", new ImageSize(64, 64), 64, 77);

    final EngineConfig config;
    final List<GenerationRequest> requests = new CopyOnWriteArrayList<>();
    final AtomicInteger closes = new AtomicInteger();
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
    public void check(GenerationRequest request) {
        if (request.size() != null) {
            int width = request.size().width();
            requireArgument(width % 64 == 0, "width must be a multiple of 64, but was %d", width);
        }
    }

    @Override
    public GeneratedImage generate(GenerationRequest request) {
        requests.add(request);
        return behaviour.apply(request);
    }

    @Override
    public void close() {
        closes.incrementAndGet();
        onClose.run();
    }
}
