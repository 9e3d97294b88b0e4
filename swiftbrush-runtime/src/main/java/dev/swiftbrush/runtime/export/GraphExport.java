package dev.swiftbrush.runtime.export;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.Sinusoid;
import dev.swiftbrush.runtime.network.TextNetwork;
import dev.swiftbrush.runtime.network.UNetConfig;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.weights.Scope;

/**
 * Writes the networks of a checkpoint as graphs: {@link #textEncoder} and {@link #generator} make an image, the others
 * show the stages in between to tests and profiles.
 *
 * @param compute the type that networks compute in: F32 or F16; what enters and leaves is F32 either way
 */
public record GraphExport(Checkpoint checkpoint, DType compute) {
    /** Raised whenever the graphs come out differently, so that those kept from before are not used any more. */
    public static final int REVISION = 1;

    /** Names of the graphs' inputs and outputs. */
    public static final String INPUT_IDS = "input_ids";

    public static final String ENCODER_HIDDEN_STATES = "encoder_hidden_states";
    public static final String NOISE = "noise";
    public static final String EPSILON = "epsilon";
    public static final String LATENTS = "latents";
    public static final String IMAGE = "image";
    public static final String MOMENTS = "moments";
    public static final String PIXELS = "pixels";

    /**
     * Token ids {@code [batch, tokens]} to hidden states {@code [batch, tokens, D]}.
     *
     * @throws IllegalStateException if the text encoder is not CLIP's
     */
    public ModelProto textEncoder(int tokens) {
        Graph graph = graph("text_encoder");
        GraphTensor ids = graph.input(INPUT_IDS, DType.I64, "batch", tokens);
        TextNetwork.Clip clip = checkpoint.clip();
        Scope at = scope(graph, "text_encoder", clip.weights());
        Tensor states = clip.model().encode(at, ids);
        return finish(graph, ENCODER_HIDDEN_STATES, states, DType.F32, "batch", tokens, states.size(-1));
    }

    /**
     * Noise {@code [batch, C, height, width]} and hidden states to bytes {@code [batch, H, W, 3]}: one call of the UNet,
     * the recipe, the decoder and the rounding to pixels.
     */
    public ModelProto generator(OneStep recipe) {
        Graph graph = graph("generator");
        GraphTensor noise = latentsInput(graph, NOISE);
        Tensor pixels = pixels(graph, recipe, noise, statesInput(graph, "batch", "tokens"));
        return finish(graph, PIXELS, pixels, DType.U8, "batch", "image_height", "image_width", 3);
    }

    /**
     * The memory that the values of one run of {@link #generator} take at once, beside its weights.
     *
     * @param height of the latents
     * @param width of the latents
     * @throws ArithmeticException if it is more than 2^63 bytes
     */
    public long generatorBytes(OneStep recipe, int batch, int height, int width, int tokens) {
        Graph graph = graph("generator");
        GraphTensor noise = graph.input(NOISE, DType.F32, batch, latentChannels(), height, width);
        pixels(graph, recipe, noise.cast(compute), statesInput(graph, batch, tokens));
        return graph.peakBytes();
    }

    private Tensor pixels(Graph graph, OneStep recipe, Tensor noise, Tensor states) {
        Tensor latents = latents(recipe, noise, predict(graph, recipe, noise, states));
        Tensor image = checkpoint.decoder().decode(vae(graph), latents);
        return image.mul(0.5).add(0.5).clamp(0, 1).toPixels();
    }

    /** Noise and hidden states to what the UNet predicts, {@code [batch, C, height, width]}. */
    public ModelProto unet(OneStep recipe) {
        Graph graph = graph("unet");
        Tensor epsilon = predict(graph, recipe, latentsInput(graph, NOISE), statesInput(graph, "batch", "tokens"));
        return finish(graph, EPSILON, epsilon, DType.F32, "batch", latentChannels(), "height", "width");
    }

    /** Noise and hidden states to the latents that the recipe makes. */
    public ModelProto latents(OneStep recipe) {
        Graph graph = graph("latents");
        GraphTensor noise = latentsInput(graph, NOISE);
        Tensor latents = latents(recipe, noise, predict(graph, recipe, noise, statesInput(graph, "batch", "tokens")));
        return finish(graph, LATENTS, latents, DType.F32, "batch", latentChannels(), "height", "width");
    }

    /** Latents to an image {@code [batch, 3, H, W]}, most of it in [-1, 1]. */
    public ModelProto decoder() {
        Graph graph = graph("decoder");
        Tensor image = checkpoint.decoder().decode(vae(graph), latentsInput(graph, LATENTS));
        return finish(graph, IMAGE, image, DType.F32, "batch", 3, "image_height", "image_width");
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

    private Tensor statesInput(Graph graph, Object batch, Object tokens) {
        int width = checkpoint.unet().config().crossAttentionDim();
        return graph.input(ENCODER_HIDDEN_STATES, DType.F32, batch, tokens, width)
                .cast(compute);
    }

    private Tensor predict(Graph graph, OneStep recipe, Tensor noise, Tensor states) {
        UNetConfig config = checkpoint.unet().config();
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

    private GraphTensor latentsInput(Graph graph, String name) {
        return graph.input(name, DType.F32, "batch", latentChannels(), "height", "width")
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
        return new Graph(name, checkpoint::nameOf, compute);
    }

    private static ModelProto finish(Graph graph, String name, Tensor value, DType type, Object... sizes) {
        graph.output(name, ((GraphTensor) value).cast(type), sizes);
        return graph.model();
    }
}
