package dev.swiftbrush.runtime.export;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.network.Sinusoid;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The three networks of a folder of ONNX files, as Optimum and, before it, diffusers exported them, and the graphs that make
 * an image of them: {@link #textEncoder}, and {@link #generator} or, where the networks do not fit into one graph, {@link
 * #latents} and {@link #decoder}. What enters and leaves these graphs is what enters and leaves those of {@link GraphExport}.
 * Immutable and thread-safe.
 *
 * @see <a href="https://huggingface.co/docs/optimum-onnx/onnxruntime/usage_guides/models">Optimum's folders</a>
 */
public final class OnnxPipeline {
    /** Where a folder has the files, by slashes. */
    public static final String TEXT_ENCODER = "text_encoder/model.onnx";

    public static final String UNET = "unet/model.onnx";
    public static final String VAE_DECODER = "vae_decoder/model.onnx";

    private static final String SAMPLE = "sample";
    private static final String TIMESTEP = "timestep";
    private static final String TIMESTEP_COND = "timestep_cond";
    private static final String LATENT_SAMPLE = "latent_sample";
    private static final int RGB = 3;
    private static final int MOST_GUIDANCE = 1 << 16;
    private static final int MOST_DOUBLINGS = 7;

    private final Path folder;
    private final OnnxFile text;
    private final OnnxFile unet;
    private final OnnxFile decoder;

    private OnnxPipeline(Path folder, OnnxFile text, OnnxFile unet, OnnxFile decoder) {
        this.folder = folder;
        this.text = text;
        this.unet = unet;
        this.decoder = decoder;
    }

    /**
     * How latents enter the decoder: {@code latents / scalingFactor + shiftFactor}.
     *
     * @see <a href="https://arxiv.org/abs/2112.10752">Latent Diffusion</a>, appendix D
     */
    public record Scaling(double scalingFactor, double shiftFactor) {}

    /**
     * Reads the three files.
     *
     * @throws ModelException if one is missing or damaged, is no such network, or wants something that is not supported
     */
    public static OnnxPipeline read(Path folder) {
        OnnxFile text = OnnxFile.read(folder, TEXT_ENCODER);
        text.requireInputs(Map.of(GraphExport.INPUT_IDS, Set.of(2)), Set.of());
        requireType(text, GraphExport.INPUT_IDS, Set.of(DType.I32, DType.I64));
        text.output("last_hidden_state", 3);
        OnnxFile unet = OnnxFile.read(folder, UNET);
        unet.requireInputs(
                Map.of(
                        SAMPLE,
                        Set.of(4),
                        TIMESTEP,
                        Set.of(0, 1),
                        GraphExport.ENCODER_HIDDEN_STATES,
                        Set.of(3),
                        TIMESTEP_COND,
                        Set.of(2)),
                Set.of(TIMESTEP_COND));
        unet.output("out_sample", 4);
        OnnxFile decoder = OnnxFile.read(folder, VAE_DECODER);
        decoder.requireInputs(Map.of(LATENT_SAMPLE, Set.of(4)), Set.of());
        OnnxPort image = decoder.output(SAMPLE, 4);
        if (image.fixed(1).orElse((long) RGB) != RGB) {
            throw new ModelException("%s gives %d channels, but RGB has 3"
                    .formatted(decoder.path(), image.sizes().get(1)));
        }
        OnnxPipeline pipeline = new OnnxPipeline(folder, text, unet, decoder);
        pipeline.requireBatches();
        for (int side : List.of(2, 3)) {
            pipeline.agreed(
                    "latents' sizes",
                    unet.input(SAMPLE).fixed(side),
                    decoder.input(LATENT_SAMPLE).fixed(side));
        }
        return pipeline;
    }

    private static void requireType(OnnxFile file, String input, Set<DType> types) {
        if (!types.contains(file.input(input).type())) {
            throw new ModelException("%s takes '%s' as %s, but one of %s was expected"
                    .formatted(file.path(), input, file.input(input).type(), types));
        }
    }

    private void requireBatches() {
        for (OnnxFile file : List.of(text, unet, decoder)) {
            for (OnnxPort port : file.inputs().values()) {
                if (!port.sizes().isEmpty() && port.fixed(0).orElse(1L) != 1) {
                    throw new ModelException(
                            "%s was exported for batches of %d alone (%s); export it with dynamic axes, or for batches of 1"
                                    .formatted(file.path(), port.sizes().get(0), port));
                }
            }
        }
    }

    /** The one value that is given, or that both give. */
    private Optional<Long> agreed(String what, Optional<Long> ofUnet, Optional<Long> ofOther) {
        if (ofUnet.isPresent() && ofOther.isPresent() && !ofUnet.equals(ofOther)) {
            throw new ModelException(
                    "%s: the %s are %d to the UNet, but %d to the network beside it; they are of two models"
                            .formatted(folder, what, ofUnet.get(), ofOther.get()));
        }
        return ofUnet.or(() -> ofOther);
    }

    /** The files that count, relative to the folder. */
    public List<String> places() {
        return Stream.of(text, unet, decoder)
                .flatMap(file -> file.places().stream())
                .distinct()
                .toList();
    }

    /** Channels of the latents, where the files tell. */
    public Optional<Long> latentChannels() {
        Optional<Long> channels = agreed(
                "latents' channels",
                unet.input(SAMPLE).fixed(1),
                decoder.input(LATENT_SAMPLE).fixed(1));
        return channels.or(() -> agreed(
                "latents' channels",
                firstConvolutionsChannels(unet, SAMPLE),
                firstConvolutionsChannels(decoder, LATENT_SAMPLE)));
    }

    /** The channels that the weight of the convolution behind an input has. */
    private static Optional<Long> firstConvolutionsChannels(OnnxFile file, String input) {
        return file.model().getGraph().getNodeList().stream()
                .filter(node -> node.getOpType().equals("Conv")
                        && node.getInputCount() > 1
                        && node.getInput(0).equals(input))
                .map(node -> node.getInput(1))
                .flatMap(name -> file.model().getGraph().getInitializerList().stream()
                        .filter(weight -> weight.getName().equals(name) && weight.getDimsCount() == 4))
                .map(weight -> weight.getDims(1))
                .findFirst();
    }

    /** How often the UNet doubles the sides of its latents on their way up, where its graph tells. */
    public Optional<Integer> unetDoublings() {
        return doublings(unet);
    }

    /** How often the decoder doubles the sides of latents until they are an image, where its graph tells. */
    public Optional<Integer> decoderDoublings() {
        return doublings(decoder);
    }

    private static Optional<Integer> doublings(OnnxFile file) {
        long count = file.model().getGraph().getNodeList().stream()
                .filter(node -> node.getOpType().equals("Resize"))
                .count();
        return Optional.of((int) count).filter(doublings -> doublings > 0 && doublings <= MOST_DOUBLINGS);
    }

    /** Width of the hidden states, where the files tell. */
    public Optional<Long> hiddenWidth() {
        return agreed(
                "hidden states' widths",
                unet.input(GraphExport.ENCODER_HIDDEN_STATES).fixed(2),
                text.output("last_hidden_state", 3).fixed(2));
    }

    /** Tokens of a prompt, where the files fix it. */
    public Optional<Long> tokens() {
        return agreed(
                "tokens",
                unet.input(GraphExport.ENCODER_HIDDEN_STATES).fixed(1),
                text.input(GraphExport.INPUT_IDS).fixed(1));
    }

    /** Height of the latents, where the files fix it. */
    public Optional<Long> latentHeight() {
        return side(2);
    }

    /** Width of the latents, where the files fix it. */
    public Optional<Long> latentWidth() {
        return side(3);
    }

    private Optional<Long> side(int axis) {
        return unet.input(SAMPLE)
                .fixed(axis)
                .or(() -> decoder.input(LATENT_SAMPLE).fixed(axis));
    }

    /** Whether UNet or decoder take only one image in a call. */
    public boolean oneByOne() {
        return Stream.of(
                        unet.input(SAMPLE), unet.input(GraphExport.ENCODER_HIDDEN_STATES), decoder.input(LATENT_SAMPLE))
                .anyMatch(port -> port.fixed(0).isPresent());
    }

    /** Whether the UNet embeds a guidance scale. */
    public boolean takesGuidance() {
        return unet.inputs().containsKey(TIMESTEP_COND);
    }

    /** The type that most of the weights are stored in. */
    public DType precision() {
        Map<DType, Long> bytes = new EnumMap<>(DType.class);
        weights().forEach(weight -> {
            for (DType type : DType.values()) {
                if (Graph.type(type) == weight.getDataType()) {
                    bytes.merge(type, elements(weight) * type.bytes(), Long::sum);
                }
            }
        });
        return bytes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(DType.F32);
    }

    /** Memory that the weights take as they are stored. */
    public long weightBytes() {
        return weights()
                .flatMap(weight -> weight.getExternalDataList().stream())
                .filter(entry -> entry.getKey().equals("length"))
                .mapToLong(entry -> Long.parseLong(entry.getValue()))
                .sum();
    }

    private Stream<TensorProto> weights() {
        return Stream.of(text, unet, decoder).flatMap(file -> file.model().getGraph().getInitializerList().stream());
    }

    private static long elements(TensorProto weight) {
        return weight.getDimsList().stream().reduce(1L, (a, b) -> a * b);
    }

    /** Why UNet and decoder cannot be one graph; empty if they can. */
    public Optional<String> apart() {
        for (String domain : unet.operators().keySet()) {
            long ofUnet = unet.operators().get(domain);
            long ofDecoder = decoder.operators().getOrDefault(domain, ofUnet);
            if (ofUnet != ofDecoder) {
                return Optional.of("the UNet uses operator set %d%s, but the decoder %d"
                        .formatted(ofUnet, domain.isEmpty() ? "" : " of " + domain, ofDecoder));
            }
        }
        return Optional.empty();
    }

    /** Token ids {@code [batch, tokens]} to hidden states {@code [batch, tokens, D]}. */
    public ModelProto textEncoder(int tokens) {
        Graph graph = graph("text_encoder", text);
        OnnxPort ids = text.input(GraphExport.INPUT_IDS);
        GraphTensor given = graph.input(GraphExport.INPUT_IDS, DType.I64, batch(ids), tokens);
        GraphTensor states = graph.append(
                text.model(),
                "text_encoder/",
                Map.of(ids.name(), given.cast(ids.type())),
                text.output("last_hidden_state", 3));
        return finish(graph, GraphExport.ENCODER_HIDDEN_STATES, states, DType.F32, batch(ids), tokens, "width");
    }

    /**
     * Noise {@code [batch, C, height, width]} and hidden states to bytes {@code [batch, H, W, 3]}.
     *
     * @throws IllegalStateException if the networks do not fit into one graph, see {@link #apart}
     * @throws ModelException if the UNet cannot take the recipe's timestep or guidance scale
     */
    public ModelProto generator(OneStep recipe, Scaling scaling) {
        apart().ifPresent(reason -> {
            throw new IllegalStateException(reason);
        });
        Graph graph = graph("generator", unet, decoder);
        Tensor pixels = pixels(graph, predicted(graph, recipe), scaling);
        return finish(graph, GraphExport.PIXELS, pixels, DType.U8, batch(), "image_height", "image_width", RGB);
    }

    /**
     * Noise and hidden states to the latents that the recipe makes.
     *
     * @throws ModelException if the UNet cannot take the recipe's timestep or guidance scale
     */
    public ModelProto latents(OneStep recipe) {
        Graph graph = graph("latents", unet);
        Tensor latents = predicted(graph, recipe);
        return finish(graph, GraphExport.LATENTS, latents, DType.F32, batch(), "channels", "height", "width");
    }

    /** Latents to bytes {@code [batch, H, W, 3]}. */
    public ModelProto decoder(Scaling scaling) {
        Graph graph = graph("decoder", decoder);
        Tensor pixels = pixels(graph, latentsInput(graph, GraphExport.LATENTS), scaling);
        return finish(graph, GraphExport.PIXELS, pixels, DType.U8, batch(), "image_height", "image_width", RGB);
    }

    private Tensor predicted(Graph graph, OneStep recipe) {
        GraphTensor noise = latentsInput(graph, GraphExport.NOISE);
        OnnxPort sample = unet.input(SAMPLE);
        OnnxPort states = unet.input(GraphExport.ENCODER_HIDDEN_STATES);
        GraphTensor given = graph.input(
                GraphExport.ENCODER_HIDDEN_STATES,
                DType.F32,
                batch(),
                states.fixed(1).<Object>map(count -> count).orElse("tokens"),
                hiddenWidth().<Object>map(width -> width).orElse("hidden_width"));
        Map<String, GraphTensor> inputs = new HashMap<>();
        inputs.put(SAMPLE, (recipe.inputScale() == 1 ? noise : noise.mul(recipe.inputScale())).cast(sample.type()));
        inputs.put(TIMESTEP, timestep(graph, recipe.timestep()));
        inputs.put(states.name(), given.cast(states.type()));
        if (takesGuidance()) {
            inputs.put(TIMESTEP_COND, guidance(graph, recipe.guidance(), noise));
        } else if (recipe.guidance() != null) {
            throw new ModelException(
                    "The recipe embeds a guidance scale of %s, but %s has no '%s' to take it; it was trained for another recipe"
                            .formatted(recipe.guidance(), unet.path(), TIMESTEP_COND));
        }
        GraphTensor prediction = graph.append(unet.model(), "unet/", inputs, unet.output("out_sample", 4))
                .cast(DType.F32);
        return noise.mul(recipe.noiseFactor()).add(prediction.mul(recipe.outputFactor()));
    }

    private GraphTensor timestep(Graph graph, double timestep) {
        OnnxPort port = unet.input(TIMESTEP);
        boolean whole = port.type() == DType.I64 || port.type() == DType.I32;
        if (whole && timestep != Math.rint(timestep)) {
            throw new ModelException(
                    "%s takes whole timesteps alone, but the recipe's is %s".formatted(unet.path(), timestep));
        }
        long[] sizes = port.sizes().isEmpty() ? new long[0] : new long[] {1};
        return graph.single(new float[] {(float) timestep}, sizes).cast(port.type());
    }

    /** The embedding of the guidance scale for every image; without one zeros, which add nothing. */
    private GraphTensor guidance(Graph graph, @Nullable Double scale, GraphTensor noise) {
        OnnxPort port = unet.input(TIMESTEP_COND);
        int width = Math.toIntExact(port.fixed(1)
                .filter(size -> size <= MOST_GUIDANCE)
                .orElseThrow(() -> new ModelException(
                        "%s takes '%s' of no usable width: %s".formatted(unet.path(), TIMESTEP_COND, port))));
        float[] embedding = scale == null ? new float[width] : Sinusoid.guidance(scale, width);
        GraphTensor one = graph.single(embedding, 1, width).cast(port.type());
        GraphTensor sizes = graph.node("Shape", DType.I64, Shape.of(4), List.of(noise));
        GraphTensor batch = (GraphTensor) sizes.narrow(0, 0, 1);
        GraphTensor target = (GraphTensor) batch.concat(0, graph.integers(width));
        return graph.node("Expand", port.type(), Shape.of(Shape.UNKNOWN, width), List.of(one, target));
    }

    private Tensor pixels(Graph graph, Tensor latents, Scaling scaling) {
        OnnxPort port = decoder.input(LATENT_SAMPLE);
        Tensor scaled = latents.mul(1 / scaling.scalingFactor());
        GraphTensor shifted = (GraphTensor) (scaling.shiftFactor() == 0 ? scaled : scaled.add(scaling.shiftFactor()));
        OnnxPort image = decoder.output(SAMPLE, 4);
        GraphTensor drawn =
                graph.append(decoder.model(), "vae_decoder/", Map.of(LATENT_SAMPLE, shifted.cast(port.type())), image);
        return drawn.cast(DType.F32).mul(0.5).add(0.5).clamp(0, 1).toPixels();
    }

    private GraphTensor latentsInput(Graph graph, String name) {
        Object channels = latentChannels().<Object>map(count -> count).orElse("channels");
        Object height = latentHeight().<Object>map(size -> size).orElse("height");
        Object width = latentWidth().<Object>map(size -> size).orElse("width");
        return graph.input(name, DType.F32, batch(), channels, height, width);
    }

    private Object batch() {
        return oneByOne() ? 1 : "batch";
    }

    private static Object batch(OnnxPort port) {
        return port.fixed(0).<Object>map(size -> size).orElse("batch");
    }

    private Graph graph(String name, OnnxFile... files) {
        Map<String, Long> operators = new TreeMap<>();
        for (OnnxFile file : files) {
            operators.putAll(file.operators());
        }
        return new Graph(name, folder, DType.F32, operators);
    }

    private static ModelProto finish(Graph graph, String name, Tensor value, DType type, Object... sizes) {
        graph.output(name, ((GraphTensor) value).cast(type), sizes);
        return graph.model();
    }
}
