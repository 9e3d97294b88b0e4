package dev.swiftbrush.train.export;

import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.train.files.JsonOutput;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;

/**
 * Low-rank adapters of a UNet, by PEFT's names: a layer {@code X} has {@code X.lora_A.weight [rank, in]} and {@code
 * X.lora_B.weight [out, rank]}, and adds {@code alpha / rank · B·A} to {@code X.weight}. A convolution's are {@code [rank, in,
 * kernel, kernel]} and {@code [out, rank, 1, 1]}, and multiply as the matrices {@code [rank, in·kernel·kernel]} and {@code [out,
 * rank]}. Immutable and thread-safe.
 *
 * @param shapes of all of them; two to a layer, one rank for all
 * @see <a href="https://arxiv.org/abs/2106.09685">LoRA</a>, section 4.1
 */
public record LoraExport(Map<String, Shape> shapes, double alpha) {
    /** The name that {@code load_lora_weights} of diffusers looks for in a folder. */
    public static final String FILE = "pytorch_lora_weights.safetensors";

    private static final String DOWN = ".lora_A.weight";
    private static final String UP = ".lora_B.weight";
    private static final String METADATA = "lora_adapter_metadata"; // diffusers' key for PEFT's LoraConfig

    /** @throws IllegalArgumentException if matrices do not belong together, or ranks differ */
    public LoraExport {
        shapes = new TreeMap<>(shapes);
        if (shapes.isEmpty() || !(alpha > 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("there must be adapters and a positive alpha, but there were %d and %s"
                    .formatted(shapes.size(), alpha));
        }
        long rank = -1;
        for (Map.Entry<String, Shape> each : shapes.entrySet()) {
            String name = each.getKey();
            Shape shape = each.getValue();
            Shape other = shapes.get(name.endsWith(DOWN) ? name.replace(DOWN, UP) : name.replace(UP, DOWN));
            boolean known = name.endsWith(DOWN) || name.endsWith(UP);
            if (!known || other == null || !isOfLayer(shape) || shape.rank() != other.rank()) {
                throw new IllegalArgumentException(
                        "'%s' must be one of two matrices or kernels X%s and X%s".formatted(name, DOWN, UP));
            }
            long found = shape.get(name.endsWith(DOWN) ? 0 : 1);
            if (rank >= 0 && found != rank) {
                throw new IllegalArgumentException("all adapters must have one rank, but '%s' has %d and others have %d"
                        .formatted(name, found, rank));
            }
            rank = found;
        }
    }

    private static boolean isOfLayer(Shape shape) {
        return shape.rank() == 2 || shape.rank() == 4;
    }

    public long rank() {
        return shapes.entrySet().stream()
                .filter(each -> each.getKey().endsWith(DOWN))
                .mapToLong(each -> each.getValue().get(0))
                .findFirst()
                .orElseThrow();
    }

    /** What {@code B·A} is multiplied by. */
    public double scale() {
        return alpha / rank();
    }

    private List<String> layers() {
        return shapes.keySet().stream()
                .filter(name -> name.endsWith(DOWN))
                .map(name -> name.substring(0, name.length() - DOWN.length()))
                .toList();
    }

    /**
     * Writes {@link #FILE} into {@code folder}, which must exist, as {@code load_lora_weights} of diffusers 0.42.1 reads it. The
     * alpha is in the file's metadata: readers that look at tensors alone take the rank for it.
     *
     * @param dtype F32 or F16
     * @throws dev.swiftbrush.ModelException if a value is not finite in {@code dtype}, or the disk refuses
     */
    public void write(Path folder, DType dtype, WeightSource adapters) {
        Object exactly = alpha == Math.rint(alpha) ? (Object) (long) alpha : (Object) alpha;
        Map<String, Object> config =
                new TreeMap<>(Map.of("unet.r", rank(), "unet.lora_alpha", exactly, "unet.target_modules", layers()));
        WeightFile.write(
                folder.resolve(FILE),
                shapes,
                name -> "unet." + name,
                dtype,
                adapters,
                Map.of("format", "pt", METADATA, JsonOutput.text(JsonOutput.node(config))));
    }

    /** {@code base} with the adapters added to the layers' own weights, so that nobody need know of them. */
    public WeightSource merged(WeightSource base, WeightSource adapters) {
        return (name, sink) -> {
            String layer = name.endsWith(".weight") ? name.substring(0, name.length() - ".weight".length()) : name;
            Shape down = shapes.get(layer + DOWN);
            Shape up = shapes.get(layer + UP);
            if (down == null || up == null) {
                base.read(name, sink);
                return;
            }
            long rank = down.get(0);
            long in = LongStream.of(down.sizes()).skip(1).reduce(1, Math::multiplyExact);
            float[] weight = floats(base, name, up.get(0) * in);
            float[] a = floats(adapters, layer + DOWN, rank * in);
            float[] b = floats(adapters, layer + UP, up.get(0) * rank);
            add(weight, b, a, Math.toIntExact(rank), Math.toIntExact(in));
            ByteBuffer bytes = ByteBuffer.allocate(weight.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(weight);
            sink.accept(bytes);
        };
    }

    /** {@code weight [out, in] += scale · b [out, rank] · a [rank, in]}. */
    private void add(float[] weight, float[] b, float[] a, int rank, int in) {
        for (int row = 0; row < b.length / rank; row++) {
            for (int k = 0; k < rank; k++) {
                float factor = (float) (scale() * b[row * rank + k]);
                for (int column = 0; column < in; column++) {
                    weight[row * in + column] += factor * a[k * in + column];
                }
            }
        }
    }

    private static float[] floats(WeightSource source, String name, long count) {
        FloatBuffer floats = FloatBuffer.allocate(Math.toIntExact(count));
        source.read(name, chunk -> {
            FloatBuffer some = chunk.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
            if (some.remaining() > floats.remaining()) {
                throw new IllegalArgumentException(
                        "weight '%s' must have %d elements, but has more".formatted(name, count));
            }
            floats.put(some);
        });
        if (floats.hasRemaining()) {
            throw new IllegalArgumentException(
                    "weight '%s' must have %d elements, but has %d".formatted(name, count, floats.position()));
        }
        return floats.array();
    }
}
