package dev.swiftbrush.runtime.calibration;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.export.LocatedGraph;
import dev.swiftbrush.runtime.export.Quantization;
import dev.swiftbrush.runtime.export.Quantization.Layer;
import dev.swiftbrush.runtime.export.Quantization.Range;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.session.NativeHeap;
import dev.swiftbrush.runtime.tensor.DType;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calibrates a model for 8-bit integers: sees which values enter and leave each layer while pictures are drawn in single
 * precision, measures what each layer loses, and keeps those that lose most in single precision until pictures are good enough.
 * One session is open at a time. Use from one thread.
 *
 * @param exact the model in single precision
 * @param scale pixels behind one latent, in each direction
 */
public record Calibrator(GraphExport exact, OneStep recipe, ComputeDevice device, int scale) {
    private static final Logger log = LoggerFactory.getLogger(Calibrator.class);

    /** Raised whenever the same samples give another calibration. */
    public static final int REVISION = 3;

    /** Pictures that errors are measured on while layers are chosen. */
    private static final int JUDGED = 2;

    /** How much better those must be than what is asked for, since others will be worse. */
    private static final double MARGIN_DB = 2;

    private static final int MOST_ROUNDS = 5;

    /** A text encoder over 8-bit integers that takes more than this from pictures does so only if they are good enough with it. */
    private static final double TEXT_DB = 1;

    /** The part of all layers that is kept exact more in each round. */
    private static final int SHARE = 16;

    /** A layer whose error is greater, against what it gives, is kept exact in any case: 10 dB. */
    private static final double GREATEST_ERROR = 0.1;

    /**
     * Calibrates with some samples, and measures with others.
     *
     * @param leastPsnr in dB that pictures should have
     * @throws ModelException if values are not finite, or ONNX Runtime refuses a graph
     */
    public Calibrated calibrate(List<Sample> calibrating, List<Sample> heldOut, double leastPsnr) {
        List<Layer> layers = layers(calibrating);
        List<Sample> judged = calibrating.subList(0, Math.min(JUDGED, calibrating.size()));
        double[] errors = errors(new Quantization(layers, false), judged);
        List<byte[]> wanted = pictures(exact, judged);
        int[] worstFirst = IntStream.range(0, errors.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -errors[i]))
                .mapToInt(i -> i)
                .toArray();
        int kept = 0;
        while (kept < errors.length && !(errors[worstFirst[kept]] <= GREATEST_ERROR)) {
            kept++;
        }
        Quantization quantization = keeping(layers, worstFirst, kept);
        double psnr = error(quantization, judged, wanted).psnr();
        double withText = error(quantization.withTextEncoder(), judged, wanted).psnr();
        boolean textEncoder = withText >= Math.min(leastPsnr + MARGIN_DB, psnr - TEXT_DB);
        log.info("With the text encoder over 8-bit integers {} dB, else {}", rounded(withText), rounded(psnr));
        psnr = textEncoder ? withText : psnr;
        for (int round = 1; round < MOST_ROUNDS && psnr < leastPsnr + MARGIN_DB; round++) {
            kept = Math.min(errors.length, kept + Math.max(1, errors.length / SHARE));
            quantization = keeping(layers, worstFirst, kept);
            psnr = error(quantization, judged, wanted).psnr();
            log.info("{} of {} layers in single precision: {} dB", kept, errors.length, rounded(psnr));
        }
        if (textEncoder) {
            quantization = quantization.withTextEncoder();
        }
        return new Calibrated(quantization, error(quantization, heldOut, pictures(exact, heldOut)));
    }

    private static double rounded(double psnr) {
        return Math.round(psnr * 10) / 10.0;
    }

    private static Quantization keeping(List<Layer> layers, int[] worstFirst, int kept) {
        List<Layer> chosen = new ArrayList<>(layers);
        for (int i = 0; i < kept; i++) {
            chosen.set(worstFirst[i], layers.get(worstFirst[i]).keptExact());
        }
        return new Quantization(chosen, false);
    }

    /** The values that were seen at each layer. */
    private List<Layer> layers(List<Sample> samples) {
        List<Layer> layers = new ArrayList<>();
        for (float[] found : found(exact.ranges(recipe), GraphExport.RANGES, samples)) {
            for (int i = 0; 4 * i < found.length; i++) {
                Layer layer = layer(found, 4 * i);
                if (i < layers.size()) {
                    layers.set(i, layers.get(i).and(layer));
                } else {
                    layers.add(layer);
                }
            }
        }
        return layers;
    }

    private static Layer layer(float[] found, int at) {
        try {
            return new Layer(Range.of(found[at], found[at + 1]), Range.of(found[at + 2], found[at + 3]), false);
        } catch (IllegalArgumentException e) {
            throw new ModelException(
                    "Layer %d of the model gives values that are not finite, so it cannot be calibrated for INT8; take FP32"
                            .formatted(at / 4),
                    e);
        }
    }

    /** What each layer loses to 8 bits, as a part of the squares of what it gives. */
    private double[] errors(Quantization quantization, List<Sample> samples) {
        double[] errors = new double[quantization.layers().size()];
        for (float[] found : found(exact.errors(recipe, quantization), GraphExport.ERRORS, samples)) {
            for (int i = 0; i < errors.length; i++) {
                errors[i] += found[2 * i + 1] / Math.max(found[2 * i], Float.MIN_NORMAL) / samples.size();
            }
        }
        return errors;
    }

    private PictureError error(Quantization quantization, List<Sample> samples, List<byte[]> wanted) {
        List<byte[]> pictures = pictures(exact.with(quantization), samples);
        int width = Math.toIntExact(samples.get(0).noise().sizes()[3] * scale);
        return PictureError.mean(IntStream.range(0, pictures.size())
                .mapToObj(i -> PictureError.of(pictures.get(i), wanted.get(i), width))
                .toList());
    }

    private List<byte[]> pictures(GraphExport export, List<Sample> samples) {
        Quantization quantization = export.quantization();
        boolean coarse = quantization != null && quantization.textEncoder();
        return drawn(
                export.generator(recipe),
                GraphExport.PIXELS,
                coarse ? samples.stream().map(Sample::encodedCoarsely).toList() : samples,
                sample -> {
                    long[] noise = sample.noise().sizes();
                    return HostTensor.allocate(DType.U8, 1, noise[2] * scale, noise[3] * scale, 3);
                },
                output -> {
                    byte[] bytes = new byte[output.data().remaining()];
                    output.data().duplicate().get(bytes);
                    return bytes;
                });
    }

    private List<float[]> found(ModelProto graph, String output, List<Sample> samples) {
        int numbers = GraphExport.found(graph);
        return drawn(graph, output, samples, sample -> HostTensor.allocate(DType.F32, numbers), tensor -> {
            float[] floats = new float[numbers];
            FloatBuffer data = tensor.data().asFloatBuffer();
            data.get(floats);
            return floats;
        });
    }

    private <T> List<T> drawn(
            ModelProto graph,
            String output,
            List<Sample> samples,
            Function<Sample, HostTensor> outputs,
            Function<HostTensor, T> read) {
        LocatedGraph located = LocatedGraph.of(graph, exact.checkpoint());
        List<T> results = new ArrayList<>();
        try (GraphSession session = GraphSession.open("calibration", located.bytes(), located.root(), device)) {
            for (Sample sample : samples) {
                HostTensor tensor = outputs.apply(sample);
                session.run(
                        Map.of(GraphExport.NOISE, sample.noise(), GraphExport.ENCODER_HIDDEN_STATES, sample.states()),
                        output,
                        tensor);
                results.add(read.apply(tensor));
            }
        }
        NativeHeap.trim();
        return results;
    }
}
