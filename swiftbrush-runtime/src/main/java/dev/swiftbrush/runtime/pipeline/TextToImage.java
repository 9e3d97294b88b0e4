package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.ImageSize;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.PromptTruncation;
import dev.swiftbrush.Timings;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.noise.Noise;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.session.SessionPool;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import dev.swiftbrush.runtime.text.TokenizedPrompt;
import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes an image of a prompt: tokens, hidden states, noise, and one call of the generator. Thread-safe; owns what it is
 * made of.
 */
public final class TextToImage implements AutoCloseable {
    private final ModelShape shape;
    private final PromptTokenizer tokenizer;
    private final GraphSession textEncoder;
    private final GraphSession generator;
    private final SessionPool pool;
    private final NoiseGenerator noise;

    public TextToImage(
            ModelShape shape,
            PromptTokenizer tokenizer,
            GraphSession textEncoder,
            GraphSession generator,
            SessionPool pool,
            NoiseGenerator noise) {
        this.shape = shape;
        this.tokenizer = tokenizer;
        this.textEncoder = textEncoder;
        this.generator = generator;
        this.pool = pool;
        this.noise = noise;
    }

    /** An image as it leaves the generator: row by row, three bytes a pixel. */
    public record Picture(
            byte[] rgb, Timings timings, @Nullable PromptTruncation truncation) {}

    /**
     * Makes one image, waiting for a free session if need be.
     *
     * @param size one that the model can draw, see {@link ModelShape#size}
     */
    public Picture draw(String prompt, long seed, ImageSize size) {
        StopWatch watch = new StopWatch();
        try (SessionPool.Lease lease = pool.borrow()) { // first: who waits or is turned away costs nothing
            var waiting = watch.lap();
            TokenizedPrompt tokens = tokenizer.tokenize(prompt);
            var tokenizing = watch.lap();
            HostTensor latents = noise(seed, size);
            var drawing = watch.lap();
            HostTensor states = encode(tokens.ids());
            var encoding = watch.lap();
            byte[] rgb = generate(latents, states, size);
            var generating = watch.lap();
            Timings timings = new Timings(waiting, tokenizing, encoding, drawing, generating, watch.total());
            return new Picture(rgb, timings, tokens.truncation());
        }
    }

    private HostTensor noise(long seed, ImageSize size) {
        int height = size.height() / shape.latentScale();
        int width = size.width() / shape.latentScale();
        HostTensor latents = HostTensor.allocate(DType.F32, 1, shape.latentChannels(), height, width);
        Noise.fill(noise, seed, latents.data().asFloatBuffer());
        return latents;
    }

    private HostTensor encode(long[] ids) {
        HostTensor input = HostTensor.allocate(DType.I64, 1, ids.length);
        input.data().asLongBuffer().put(ids);
        HostTensor states = HostTensor.allocate(DType.F32, 1, ids.length, shape.hiddenWidth());
        textEncoder.run(Map.of(GraphExport.INPUT_IDS, input), GraphExport.ENCODER_HIDDEN_STATES, states);
        return states;
    }

    private byte[] generate(HostTensor latents, HostTensor states, ImageSize size) {
        HostTensor pixels = HostTensor.allocate(DType.U8, 1, size.height(), size.width(), 3);
        Map<String, HostTensor> inputs = Map.of(GraphExport.NOISE, latents, GraphExport.ENCODER_HIDDEN_STATES, states);
        generator.run(inputs, GraphExport.PIXELS, pixels);
        ByteBuffer bytes = pixels.data();
        byte[] rgb = new byte[bytes.remaining()];
        bytes.get(rgb);
        return rgb;
    }

    /**
     * Turns waiting requests away, ends those that run, and frees the sessions.
     *
     * <p>A session that is closed while it runs would take the JVM down, so this waits until none does.
     */
    @Override
    public void close() {
        pool.close();
        generator.terminate();
        textEncoder.terminate();
        pool.awaitIdle();
        Closing.all(generator, textEncoder, tokenizer);
    }
}
