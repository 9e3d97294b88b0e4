package dev.swiftbrush.examples.benchmarks;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.noise.Noise;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.util.Map;

/**
 * An image as one draws it with ONNX Runtime alone: a session each for text encoder, UNet and decoder, opened with the
 * default options, float arrays in between, and the recipe and the rounding in Java. The graphs are the same networks as
 * SwiftBrush's, over the same files of weights.
 */
final class PlainWay implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final LatentSize latents;
    private final OneStep recipe;
    private final PromptTokenizer tokenizer;
    private final OrtSession textEncoder;
    private final OrtSession unet;
    private final OrtSession decoder;

    private PlainWay(Job job) throws IOException, OrtException {
        latents = LatentSize.of(job);
        recipe = Export.recipe(job.checkpoint());
        tokenizer = ClipTokenizer.open(job.checkpoint().resolve("tokenizer"), latents.tokens());
        textEncoder = open(job, Export.TEXT_ENCODER);
        unet = open(job, Export.UNET);
        decoder = open(job, Export.DECODER);
    }

    static Figures measure(Job job) throws IOException, OrtException {
        Figures figures = new Figures();
        long start = System.nanoTime();
        try (PlainWay plain = new PlainWay(job)) {
            figures.secondsSince("start", start);
            figures.peakMemory("memory.start");
            for (String run : Job.IMAGES) {
                Files.write(job.picture(job.kind()), plain.draw(run, figures));
            }
        }
        figures.peakMemory("memory");
        return figures;
    }

    private byte[] draw(String run, Figures figures) throws OrtException {
        long start = System.nanoTime();
        long[] ids = tokenizer.tokenize(Job.PROMPT).ids();
        figures.secondsSince(run + ".tokens", start);

        long stage = System.nanoTime();
        float[] noise = Noise.draw(NoiseGenerator.TORCH_CPU, Job.SEED, latents.count());
        figures.secondsSince(run + ".noise", stage);

        stage = System.nanoTime();
        float[] states;
        try (OnnxTensor input =
                OnnxTensor.createTensor(environment, LongBuffer.wrap(ids), new long[] {1, ids.length})) {
            states = run(textEncoder, Map.of(GraphExport.INPUT_IDS, input));
        }
        figures.secondsSince(run + ".text", stage);

        long generator = System.nanoTime();
        float[] epsilon;
        try (OnnxTensor sample = tensor(noise, latents.sizes());
                OnnxTensor prompt = tensor(states, 1, ids.length, latents.hiddenWidth())) {
            epsilon = run(unet, Map.of(GraphExport.NOISE, sample, GraphExport.ENCODER_HIDDEN_STATES, prompt));
        }
        figures.secondsSince(run + ".unet", generator);
        float[] denoised = new float[noise.length];
        for (int i = 0; i < denoised.length; i++) {
            denoised[i] = (float) (recipe.noiseFactor() * noise[i] + recipe.outputFactor() * epsilon[i]);
        }

        stage = System.nanoTime();
        float[] image;
        try (OnnxTensor input = tensor(denoised, latents.sizes())) {
            image = run(decoder, Map.of(GraphExport.LATENTS, input));
        }
        figures.secondsSince(run + ".decoder", stage);
        byte[] pixels = pixels(image);
        figures.secondsSince(run + ".generator", generator);
        figures.secondsSince(run + ".total", start);
        return pixels;
    }

    /** {@code [3, H, W]} in [-1, 1] to bytes {@code [H, W, 3]}. */
    private static byte[] pixels(float[] image) {
        int count = image.length / 3;
        byte[] rgb = new byte[image.length];
        for (int pixel = 0; pixel < count; pixel++) {
            for (int channel = 0; channel < 3; channel++) {
                float value = Math.min(1, Math.max(0, image[channel * count + pixel] / 2 + 0.5f));
                rgb[pixel * 3 + channel] = (byte) Math.rint(value * 255);
            }
        }
        return rgb;
    }

    private OrtSession open(Job job, String name) throws IOException, OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.addConfigEntry(
                    "session.model_external_initializers_file_folder_path",
                    job.checkpoint().toRealPath().toString());
            return environment.createSession(Files.readAllBytes(job.graph(name)), options);
        }
    }

    private OnnxTensor tensor(float[] values, long... sizes) throws OrtException {
        return OnnxTensor.createTensor(environment, FloatBuffer.wrap(values), sizes);
    }

    private static float[] run(OrtSession session, Map<String, OnnxTensor> inputs) throws OrtException {
        try (OrtSession.Result result = session.run(inputs)) {
            return ((OnnxTensor) result.get(0)).getFloatBuffer().array();
        }
    }

    @Override
    public void close() throws OrtException {
        try (tokenizer;
                textEncoder;
                unet) {
            decoder.close();
        }
    }
}
