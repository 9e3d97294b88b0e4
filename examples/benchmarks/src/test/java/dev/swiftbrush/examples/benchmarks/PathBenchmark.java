package dev.swiftbrush.examples.benchmarks;

import static java.time.Duration.ZERO;

import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.Provenance;
import dev.swiftbrush.Timings;
import dev.swiftbrush.runtime.noise.Noise;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import dev.swiftbrush.runtime.text.TokenizedPrompt;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** What an image of 512x512 costs beside its networks: tokens, noise, pixels, PNG; in time, and in bytes on Java's heap. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PathBenchmark {
    private static final int SIDE = 512;
    private static final int LATENTS = 4 * (SIDE / 8) * (SIDE / 8);
    private static final String PROMPT =
            "a portrait of an old fisherman with a white beard, oil on canvas, soft light from the left, highly detailed";

    private final ClipTokenizer tokenizer = ClipTokenizer.published("!", 77);
    private final FloatBuffer noise = ByteBuffer.allocateDirect(LATENTS * Float.BYTES)
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
    private final ByteBuffer pixels = picture();
    private final GeneratedImage image = image(pixels());
    private long seed;

    /** Smooth, with grain of some levels, as pictures are: of noise alone, or none, a PNG takes another time. */
    private static ByteBuffer picture() {
        Random random = new Random(1);
        ByteBuffer rgb = ByteBuffer.allocateDirect(SIDE * SIDE * 3);
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                for (int c = 0; c < 3; c++) {
                    double smooth = 128 + 60 * Math.sin(x / 40.0 + c) + 40 * Math.cos((x + 2 * y) / 70.0);
                    rgb.put((byte) Math.round(smooth + 3 * random.nextGaussian()));
                }
            }
        }
        return rgb.flip();
    }

    private static GeneratedImage image(byte[] rgb) {
        return GeneratedImage.of(
                new ImageSize(SIDE, SIDE),
                rgb,
                new Provenance(PROMPT, 42, "model", "swiftbrush", "TORCH_CPU", "apache-2.0", "0".repeat(64)),
                new Timings(ZERO, ZERO, ZERO, ZERO, ZERO, ZERO),
                null);
    }

    @Benchmark
    public TokenizedPrompt tokens() {
        return tokenizer.tokenize(PROMPT);
    }

    @Benchmark
    public FloatBuffer noiseOfTorchOnCpu() {
        Noise.fill(NoiseGenerator.TORCH_CPU, seed++, noise.clear());
        return noise;
    }

    @Benchmark
    public FloatBuffer noiseOfTorchOnCuda() {
        Noise.fill(NoiseGenerator.TORCH_CUDA, seed++, noise.clear());
        return noise;
    }

    /** From the buffer that the network wrote to. */
    @Benchmark
    public byte[] pixels() {
        byte[] rgb = new byte[pixels.capacity()];
        pixels.get(0, rgb);
        return rgb;
    }

    @Benchmark
    public byte[] png() {
        return image.toPngBytes();
    }

    @TearDown
    public void close() {
        tokenizer.close();
    }

    /** Runs all of them, in JVMs of their own. */
    public static void main(String[] args) throws RunnerException {
        System.setProperty("java.class.path", Worker.classPath()); // which the other JVMs are given
        new Runner(new OptionsBuilder()
                        .include(PathBenchmark.class.getName())
                        .addProfiler(GCProfiler.class)
                        .build())
                .run();
    }
}
