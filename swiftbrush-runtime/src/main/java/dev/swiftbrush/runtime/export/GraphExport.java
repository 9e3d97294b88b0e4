package dev.swiftbrush.runtime.export;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.Sinusoid;
import dev.swiftbrush.runtime.network.TextNetwork;
import dev.swiftbrush.runtime.network.UNetConfig;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.weights.Scope;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes the networks of a checkpoint as graphs: {@link #textEncoder} and {@link #generator} make an image, the others
 * show the stages in between to tests and profiles.
 *
 * @param compute the type that networks compute in: F32 or F16; what enters and leaves is F32 either way
 * @param profile how UNet and decoder are written
 * @param quantization how layers are written over 8-bit integers, or null for none
 */
public record GraphExport(
        Checkpoint checkpoint,
        DType compute,
        GraphProfile profile,
        @Nullable Quantization quantization) {
    /** Latents of a checkpoint that does not tell their size. */
    private static final List<Integer> USUAL = List.of(64, 64);

    /** Latents of more pixels are not looked at when operations are chosen. */
    private static final int MOST = 256;

    /** Raised whenever the graphs come out differently, so that those kept from before are not used any more. */
    public static final int REVISION = 6;

    /** Names of the graphs' inputs and outputs. */
    public static final String INPUT_IDS = "input_ids";

    public static final String ENCODER_HIDDEN_STATES = "encoder_hidden_states";
    public static final String NOISE = "noise";
    public static final String EPSILON = "epsilon";
    public static final String LATENTS = "latents";
    public static final String IMAGE = "image";
    public static final String MOMENTS = "moments";
    public static final String PIXELS = "pixels";
    public static final String RANGES = "ranges";
    public static final String ERRORS = "errors";

    /** The sizes of what enters a graph, each a name or a number. */
    private record Sizes(Object batch, Object height, Object width, Object tokens) {
        static final Sizes OPEN = new Sizes("batch", "height", "width", "tokens");
    }

    /** @throws IllegalArgumentException if the profile is not for the type */
    public GraphExport {
        if (profile == GraphProfile.CPU && compute != DType.F32) {
            throw new IllegalArgumentException("the profile CPU computes in F32, but was asked for " + compute);
        }
        if (quantization != null && profile != GraphProfile.CPU) {
            throw new IllegalArgumentException(
                    "8-bit integers are for the profile CPU, but were asked for in " + profile);
        }
    }

    /** All in the type of computing. */
    public GraphExport(Checkpoint checkpoint, DType compute, GraphProfile profile) {
        this(checkpoint, compute, profile, null);
    }

    /** In the profile {@link GraphProfile#PLAIN}. */
    public GraphExport(Checkpoint checkpoint, DType compute) {
        this(checkpoint, compute, GraphProfile.PLAIN);
    }

    /**
     * Token ids {@code [batch, tokens]} to hidden states {@code [batch, tokens, D]}.
     *
     * @throws IllegalStateException if the text encoder is not CLIP's
     */
    public ModelProto textEncoder(int tokens) {
        boolean coarse = quantization != null && quantization.textEncoder();
        Graph graph = graph("text_encoder", coarse ? new LayerForm.PerToken() : LayerForm.exact());
        GraphTensor ids = graph.input(INPUT_IDS, DType.I64, "batch", tokens);
        TextNetwork.Clip clip = checkpoint.clip();
        Scope at = scope(graph, "text_encoder", clip.weights());
        Tensor states = clip.model().encode(at, ids);
        return finish(graph, ENCODER_HIDDEN_STATES, states, DType.F32, "batch", tokens, states.size(-1));
    }

    /**
     * Noise {@code [batch, C, height, width]} and hidden states to bytes {@code [batch, H, W, 3]}: one call of the UNet,
     * the recipe, the decoder and the rounding to pixels. The graph tells the {@link GraphMemory} that it takes.
     */
    public ModelProto generator(OneStep recipe) {
        Graph graph = graph("generator", (any, sizes) -> pixels(any, recipe, sizes));
        Tensor pixels = pixels(graph, recipe, Sizes.OPEN);
        ModelProto model = finish(graph, PIXELS, pixels, DType.U8, "batch", "image_height", "image_width", 3);
        Sizes own = ownSizes();
        int height = (int) own.height();
        int width = (int) own.width();
        long working = generatorBytes(recipe, 1, height, width, (int) own.tokens());
        return new GraphMemory(graph.keptBytes(), height, width, working).writtenTo(model);
    }

    /**
     * The memory that the values of one run of {@link #generator} take at once, beside its weights.
     *
     * @param height of the latents
     * @param width of the latents
     * @throws ArithmeticException if it is more than 2^63 bytes
     */
    public long generatorBytes(OneStep recipe, int batch, int height, int width, int tokens) {
        Graph graph = graph("generator", (any, sizes) -> pixels(any, recipe, sizes));
        pixels(graph, recipe, new Sizes(batch, height, width, tokens));
        return graph.peakBytes();
    }

    /**
     * Noise and hidden states to {@link #RANGES}, four numbers for each layer of UNet and decoder: the least and the greatest value
     * that enter it, and those that leave it. In single precision.
     */
    public ModelProto ranges(OneStep recipe) {
        LayerForm.Ranges ranges = new LayerForm.Ranges();
        return found(recipe, ranges, ranges.found(), RANGES);
    }

    /**
     * Noise and hidden states to {@link #ERRORS}, two numbers for each layer of UNet and decoder: the sum of squares of what it
     * gives in single precision, and of what it would give over 8-bit integers beside that.
     */
    public ModelProto errors(OneStep recipe, Quantization quantization) {
        LayerForm.Errors errors = new LayerForm.Errors(quantization);
        return found(recipe, errors, errors.found(), ERRORS);
    }

    private ModelProto found(OneStep recipe, LayerForm layers, List<GraphTensor> found, String name) {
        Graph graph = graph(name, (any, sizes) -> pixels(any, recipe, sizes), layers);
        pixels(graph, recipe, Sizes.OPEN);
        Shape all = Shape.of(found.size());
        GraphTensor together = graph.node("Concat", DType.F32, all, found, Graph.attribute("axis", 0));
        return finish(graph, name, together, DType.F32, found.size());
    }

    /** How many numbers {@link #ranges} or {@link #errors} finds. */
    public static int found(ModelProto graph) {
        return Math.toIntExact(graph.getGraph()
                .getOutput(0)
                .getType()
                .getTensorType()
                .getShape()
                .getDim(0)
                .getDimValue());
    }

    /** The same networks over 8-bit integers. */
    public GraphExport with(Quantization quantization) {
        return new GraphExport(checkpoint, compute, GraphProfile.CPU, quantization);
    }

    private Tensor pixels(Graph graph, OneStep recipe, Sizes sizes) {
        Tensor image = checkpoint.decoder().decode(vae(graph), denoised(graph, recipe, sizes));
        return image.mul(0.5).add(0.5).clamp(0, 1).toPixels();
    }

    /** Noise and hidden states to what the UNet predicts, {@code [batch, C, height, width]}. */
    public ModelProto unet(OneStep recipe) {
        Graph graph = graph("unet", (any, sizes) -> predicted(any, recipe, sizes));
        Tensor epsilon = predicted(graph, recipe, Sizes.OPEN);
        return finish(graph, EPSILON, epsilon, DType.F32, "batch", latentChannels(), "height", "width");
    }

    private Tensor predicted(Graph graph, OneStep recipe, Sizes sizes) {
        return predict(graph, recipe, latentsInput(graph, NOISE, sizes), sizes);
    }

    /** Noise and hidden states to the latents that the recipe makes. */
    public ModelProto latents(OneStep recipe) {
        Graph graph = graph("latents", (any, sizes) -> denoised(any, recipe, sizes));
        Tensor latents = denoised(graph, recipe, Sizes.OPEN);
        return finish(graph, LATENTS, latents, DType.F32, "batch", latentChannels(), "height", "width");
    }

    private Tensor denoised(Graph graph, OneStep recipe, Sizes sizes) {
        Tensor noise = latentsInput(graph, NOISE, sizes);
        return latents(recipe, noise, predict(graph, recipe, noise, sizes));
    }

    /** Latents to an image {@code [batch, 3, H, W]}, most of it in [-1, 1]. */
    public ModelProto decoder() {
        Graph graph = graph("decoder", this::decoded);
        Tensor image = decoded(graph, Sizes.OPEN);
        return finish(graph, IMAGE, image, DType.F32, "batch", 3, "image_height", "image_width");
    }

    private Tensor decoded(Graph graph, Sizes sizes) {
        return checkpoint.decoder().decode(vae(graph), latentsInput(graph, LATENTS, sizes));
    }

    /**
     * An image {@code [batch, 3, H, W]} in [-1, 1] to means and log variances {@code [batch, 2·C, height, width]}.
     *
     * @throws dev.swiftbrush.ModelException if the checkpoint has no encoder
     */
    public ModelProto encoder() {
        Graph graph = graph("encoder");
        int channels = checkpoint.autoencoder().config().inChannels();
        GraphTensor image = graph.input(IMAGE, DType.F32, "batch", channels, "image_height", "image_width");
        Tensor moments = checkpoint.autoencoder().encode(vae(graph), image.cast(compute));
        return finish(graph, MOMENTS, moments, DType.F32, "batch", moments.size(1), "height", "width");
    }

    private Tensor predict(Graph graph, OneStep recipe, Tensor noise, Sizes sizes) {
        UNetConfig config = checkpoint.unet().config();
        Tensor states = graph.input(
                        ENCODER_HIDDEN_STATES, DType.F32, sizes.batch(), sizes.tokens(), config.crossAttentionDim())
                .cast(compute);
        float[] time = Sinusoid.timestep(recipe.timestep(), config);
        Double scale = recipe.guidance();
        Integer width = config.timeCondProjDim();
        Tensor guidance =
                scale == null || width == null ? null : graph.constant(Sinusoid.guidance(scale, width), 1, width);
        Tensor sample = recipe.inputScale() == 1 ? noise : noise.mul(recipe.inputScale());
        return checkpoint
                .unet()
                .predict(
                        scope(graph, "unet", checkpoint.unetWeights()),
                        sample,
                        graph.constant(time, 1, time.length),
                        guidance,
                        states);
    }

    private static Tensor latents(OneStep recipe, Tensor noise, Tensor prediction) {
        return noise.mul(recipe.noiseFactor()).add(prediction.mul(recipe.outputFactor()));
    }

    private GraphTensor latentsInput(Graph graph, String name, Sizes sizes) {
        return graph.input(name, DType.F32, sizes.batch(), latentChannels(), sizes.height(), sizes.width())
                .cast(compute);
    }

    private Scope vae(Graph graph) {
        return scope(graph, "vae", checkpoint.vaeWeights());
    }

    private static Scope scope(Graph graph, String component, Checkpoint.Component weights) {
        return Scope.of(new GraphWeights(graph, component, weights.tensors()));
    }

    private int latentChannels() {
        return checkpoint.unet().config().inChannels();
    }

    private Graph graph(String name) {
        return graph(name, LayerForm.exact());
    }

    private Graph graph(String name, LayerForm layers) {
        return graph(name, ConvolutionForm.direct(), layers);
    }

    private Graph graph(String name, ConvolutionForm.Choice convolutions, LayerForm layers) {
        return new Graph(name, checkpoint::nameOf, compute, convolutions, layers);
    }

    private Graph graph(String name, BiConsumer<Graph, Sizes> network) {
        return graph(name, network, quantization == null ? LayerForm.exact() : new LayerForm.Int8(quantization));
    }

    /** A graph to write {@code network} into, once more: how each operation is written was chosen at the model's own size. */
    private Graph graph(String name, BiConsumer<Graph, Sizes> network, LayerForm layers) {
        if (profile == GraphProfile.PLAIN) {
            return graph(name, layers);
        }
        Sizes own = ownSizes();
        ConvolutionForm.Survey survey =
                new ConvolutionForm.Survey((int) own.height() / multiple(), (int) own.width() / multiple());
        network.accept(graph(name, survey, LayerForm.exact()), own);
        return graph(name, survey.again(), layers);
    }

    private Sizes ownSizes() {
        UNetConfig config = checkpoint.unet().config();
        List<Integer> sample = Objects.requireNonNullElse(config.sampleSize(), USUAL);
        return new Sizes(
                1,
                upTo(multiple(), sample.get(0)),
                upTo(multiple(), sample.get(1)),
                checkpoint.textEncoder().tokens());
    }

    /** What the sides of the latents are multiples of. */
    private int multiple() {
        return 1 << (checkpoint.unet().config().levels().size() - 1);
    }

    private static int upTo(int multiple, int size) {
        return (Math.min(size, MOST) + multiple - 1) / multiple * multiple;
    }

    private static ModelProto finish(Graph graph, String name, Tensor value, DType type, Object... sizes) {
        graph.output(name, ((GraphTensor) value).cast(type), sizes);
        return graph.model();
    }
}
