package dev.swiftbrush.runtime.engine;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.Precision;
import dev.swiftbrush.runtime.calibration.Calibrated;
import dev.swiftbrush.runtime.calibration.Calibrator;
import dev.swiftbrush.runtime.calibration.PictureError;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.export.GraphMemory;
import dev.swiftbrush.runtime.export.GraphProfile;
import dev.swiftbrush.runtime.export.LocatedGraph;
import dev.swiftbrush.runtime.export.Quantization;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.TextNetwork;
import dev.swiftbrush.runtime.pipeline.Closing;
import dev.swiftbrush.runtime.pipeline.Networks;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.session.NativeHeap;
import dev.swiftbrush.runtime.tensor.DType;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A checkpoint as one device runs it: its graphs, and the networks opened from them. Thread-safe. */
final class DeviceModel implements OnDevice {
    private static final Logger log = LoggerFactory.getLogger(DeviceModel.class);
    private static final String TEXT_ENCODER = "text_encoder.onnx";
    private static final String GENERATOR = "generator.onnx";

    private final Checkpoint checkpoint;
    private final ComputeDevice device;
    private final DType compute;
    private final OneStep recipe;
    private final int tokens;
    private final GraphCache cache;
    private final GraphExport export;
    private final CacheKey key;
    private final String hash;
    private final Map<String, ModelProto> graphs;
    private final GraphMemory memory;

    /** @param tokens of a prompt */
    DeviceModel(
            Checkpoint checkpoint, ComputeDevice device, DType compute, OneStep recipe, int tokens, GraphCache cache) {
        this(new GraphExport(checkpoint, compute, profile(device, compute)), device, recipe, tokens, cache);
    }

    private DeviceModel(GraphExport export, ComputeDevice device, OneStep recipe, int tokens, GraphCache cache) {
        this.export = export;
        this.checkpoint = export.checkpoint();
        this.device = device;
        this.compute = export.compute();
        this.recipe = recipe;
        this.tokens = tokens;
        this.cache = cache;
        this.key = CacheKey.of(export, recipe, device, tokens);
        this.hash = cache.hash(key);
        Map<String, Supplier<ModelProto>> exports = new HashMap<>();
        exports.put(GENERATOR, () -> export.generator(recipe));
        if (checkpoint.textEncoder() instanceof TextNetwork.Clip) {
            exports.put(TEXT_ENCODER, () -> export.textEncoder(tokens));
        }
        this.graphs = cache.graphs(hash, exports);
        this.memory = GraphMemory.of(Objects.requireNonNull(graphs.get(GENERATOR)));
    }

    /** A GPU has kernels of its own that choose how to convolve. */
    private static GraphProfile profile(ComputeDevice device, DType compute) {
        return device instanceof ComputeDevice.Cpu && compute == DType.F32 ? GraphProfile.CPU : GraphProfile.PLAIN;
    }

    @Override
    public OnDevice quantized(CalibrationInputs inputs) {
        String with = "calibration=%d size=%s prompts=%s"
                .formatted(Calibrator.REVISION, inputs.size(), String.join("\n", inputs.prompts()));
        double least = inputs.options().leastPsnr();
        Calibrated calibrated = cache.calibrations().get(hash + "\n" + with + "\n" + least, () -> calibrate(inputs));
        PictureError error = calibrated.error();
        String found = String.format(Locale.ROOT, "PSNR %.1f dB, SSIM %.4f", error.psnr(), error.ssim());
        if (error.psnr() < least) {
            throw new ModelException(
                    "Over 8-bit integers the pictures of %s have a %s against single precision, less than the %s dB asked for; take precision FP32, calibrate with prompts of your own, or call calibration(...) with a lower leastPsnr"
                            .formatted(checkpoint.folder(), found, least));
        }
        log.info("Over 8-bit integers: {} against single precision, on prompts that were held out", found);
        return new DeviceModel(export.with(calibrated.quantization()), device, recipe, tokens, cache);
    }

    private Calibrated calibrate(CalibrationInputs inputs) {
        requireSameFiles();
        log.info(
                "Calibrating {} for 8-bit integers with {} prompts; this happens once",
                checkpoint.folder(),
                inputs.prompts().size());
        List<HostTensor> states;
        try (TextSession encoder = openTextEncoderNow()) {
            states = inputs.states(encoder);
        }
        List<HostTensor> coarse = states;
        if (checkpoint.textEncoder() instanceof TextNetwork.Clip) {
            ModelProto graph = export.with(new Quantization(List.of(), true)).textEncoder(tokens);
            LocatedGraph located = LocatedGraph.of(graph, checkpoint);
            try (TextSession encoder =
                    new TextSession.Clip(GraphSession.open("text encoder", located.bytes(), located.root(), device))) {
                coarse = inputs.states(encoder);
            }
        }
        CalibrationInputs.Samples samples = inputs.samples(states, coarse);
        return new Calibrator(export, recipe, device, inputs.shape().latentScale())
                .calibrate(
                        samples.calibrating(),
                        samples.heldOut(),
                        inputs.options().leastPsnr());
    }

    /**
     * Opens the networks.
     *
     * @throws ModelException if the model's files are not those any more that its graphs were written for
     */
    @Override
    public Networks open() {
        requireSameFiles();
        // the larger first: what it needs while it opens is free again when the other opens
        GraphSession generator = open("generator", GENERATOR);
        try {
            OnnxNetworks networks = new OnnxNetworks(openTextEncoder(), generator);
            NativeHeap.trim();
            return networks;
        } catch (RuntimeException | Error e) {
            Closing.after(e, generator);
            throw e;
        }
    }

    private void requireSameFiles() {
        String now;
        try {
            now = cache.hash(key);
        } catch (ModelException e) {
            throw new ModelException(
                    "The files in %s cannot be read any more; put them back, or open the model anew from elsewhere [%s]"
                            .formatted(folders(), e.getMessage()),
                    e);
        }
        if (!now.equals(hash)) {
            throw new ModelException(
                    "The files in %s have changed since the model was opened; open it anew".formatted(folders()));
        }
    }

    private String folders() {
        Path decoder = checkpoint.decoderFolder();
        return decoder == null ? checkpoint.folder().toString() : checkpoint.folder() + " or " + decoder;
    }

    private TextSession openTextEncoder() {
        return lowMemory() ? new TextSession.OnDemand(this::openTextEncoderNow) : openTextEncoderNow();
    }

    private TextSession openTextEncoderNow() {
        return checkpoint.textEncoder() instanceof TextNetwork.Onnx foreign
                ? OnnxTextSession.open(foreign.config(), device)
                : new TextSession.Clip(open("text encoder", TEXT_ENCODER));
    }

    private GraphSession open(String name, String file) {
        ModelProto graph = Objects.requireNonNull(graphs.get(file), file);
        LocatedGraph located = LocatedGraph.of(graph, checkpoint);
        Quantization quantization = export.quantization();
        boolean packs = quantization != null && (file.equals(GENERATOR) || quantization.textEncoder());
        return cache.prepared().open(name, hash + "/" + file, weightBytes(graph), located, device, packs);
    }

    /** Memory of the weights in the type that the device computes in; of a foreign ONNX file as many bytes as it has. */
    @Override
    public long weightBytes() {
        long foreign = checkpoint.textEncoder() instanceof TextNetwork.Onnx onnx
                ? Math.max(0, Contents.size(onnx.config().model()))
                : 0;
        return foreign
                + memory.kernelBytes()
                + graphs.values().stream().mapToLong(this::weightBytes).sum();
    }

    private long weightBytes(ModelProto graph) {
        return graph.getGraph().getInitializerList().stream()
                .filter(tensor -> tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL)
                .mapToLong(tensor -> tensor.getDimsList().stream()
                        .reduce(lowMemory() ? stored(tensor) : (long) compute.bytes(), Math::multiplyExact))
                .sum();
    }

    private static long stored(TensorProto tensor) {
        return tensor.getDataType() == TensorProto.DataType.FLOAT_VALUE ? Float.BYTES : Short.BYTES;
    }

    private boolean lowMemory() {
        return device instanceof ComputeDevice.Cpu cpu && cpu.lowMemory();
    }

    /** Memory that one network call takes beside the weights. */
    @Override
    public long workingBytes(ImageSize size, int batch) {
        int scale = checkpoint.decoder().scale();
        int height = size.height() / scale;
        int width = size.width() / scale;
        return memory.isOf(batch, height, width)
                ? memory.workingBytes()
                : export.generatorBytes(recipe, batch, height, width, tokens);
    }

    @Override
    public ComputeDevice device() {
        return device;
    }

    @Override
    public String precision() {
        return (compute == DType.F16 ? Precision.FP16 : export.quantization() != null ? Precision.INT8 : Precision.FP32)
                .name();
    }

    /** @throws IllegalArgumentException if {@code precision} is not for {@code device} */
    static DType computeType(Precision precision, ComputeDevice device) {
        if (precision == Precision.FP16 && !device.prefersHalfPrecision()) {
            throw new IllegalArgumentException(
                    "precision FP16 needs a CUDA device, but the device is %s, which computes it more slowly than FP32; leave precision at AUTO"
                            .formatted(device));
        }
        if (precision == Precision.INT8 && !(device instanceof ComputeDevice.Cpu cpu && !cpu.lowMemory())) {
            throw new IllegalArgumentException(
                    "precision INT8 is for a CPU without lowMemory(true), but the device is %s; leave precision at AUTO%s"
                            .formatted(device, device instanceof ComputeDevice.Cpu ? ", or lowMemory at false" : ""));
        }
        boolean half = precision == Precision.FP16 || (precision == Precision.AUTO && device.prefersHalfPrecision());
        return half ? DType.F16 : DType.F32;
    }
}
