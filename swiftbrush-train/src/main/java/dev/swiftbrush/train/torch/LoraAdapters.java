package dev.swiftbrush.train.torch;

import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/**
 * Low-rank adapters beside linear layers and convolutions: {@code y + scale · up(down(x))}. A layer {@code to_q} has the
 * weights {@code to_q.lora_A.weight [rank, in]} and {@code to_q.lora_B.weight [out, rank]}, a convolution {@code conv1} has
 * {@code conv1.lora_A.weight [rank, in, kernel, kernel]} and {@code conv1.lora_B.weight [out, rank, 1, 1]}: PEFT's names and
 * shapes.
 *
 * @see <a href="https://arxiv.org/abs/2106.09685">LoRA</a>, section 4.1
 */
public final class LoraAdapters {
    private static final String DOWN = ".lora_A.weight";
    private static final String UP = ".lora_B.weight";

    private final Parameters parameters;
    private final double scale;

    /** Adapters whose weights are {@code parameters}, as {@link #shapes} names them. */
    public LoraAdapters(Parameters parameters, double scale) {
        this.parameters = parameters;
        this.scale = scale;
    }

    /**
     * The adapters' weights.
     *
     * @param network all weights of the network
     * @param targets last parts of layer names, such as {@code to_q} or {@code attn2.to_v}
     * @throws IllegalArgumentException if a target fits no linear layer and no convolution
     */
    public static Map<String, Shape> shapes(Map<String, Shape> network, Iterable<String> targets, int rank) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (String target : targets) {
            String end = "." + target + ".weight";
            int before = shapes.size();
            network.forEach((name, shape) -> {
                if (("." + name).endsWith(end) && (shape.rank() == 2 || shape.rank() == 4)) {
                    String layer = name.substring(0, name.length() - ".weight".length());
                    shapes.put(layer + DOWN, down(shape, rank));
                    shapes.put(layer + UP, up(shape, rank));
                }
            });
            if (shapes.size() == before) {
                throw new IllegalArgumentException(
                        "LoRA target '%s' fits no linear layer and no convolution of the network; a target is the end of a name such as to_q, attn2.to_v or conv1"
                                .formatted(target));
            }
        }
        return shapes;
    }

    private static Shape down(Shape weight, int rank) {
        return weight.rank() == 2
                ? Shape.of(rank, weight.get(1))
                : Shape.of(rank, weight.get(1), weight.get(2), weight.get(3));
    }

    private static Shape up(Shape weight, int rank) {
        return weight.rank() == 2 ? Shape.of(weight.get(0), rank) : Shape.of(weight.get(0), rank, 1, 1);
    }

    /**
     * Fills new adapters: the first weight uniform within {@code ±1/sqrt(fan in)}, the second zero, as PEFT does. A convolution's
     * fan in is its channels times the kernel's size.
     */
    public static void initialise(FlatTensor adapters, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (String name : adapters.names()) {
            if (name.endsWith(DOWN)) {
                Shape shape = adapters.shape(name);
                float[] values =
                        new float[Math.toIntExact(LongStream.of(shape.sizes()).reduce(1, Math::multiplyExact))];
                double bound = 1 / Math.sqrt(values.length / (double) shape.get(0));
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) ((2 * random.nextDouble() - 1) * bound);
                }
                adapters.set(name, values);
            }
        }
    }

    Tensor apply(String layer, Tensor x, Tensor y) {
        if (!parameters.has(layer + DOWN)) {
            return y;
        }
        Tensor low = x.linear(parameters.leaf(layer + DOWN), null);
        return y.add(low.linear(parameters.leaf(layer + UP), null).mul(scale));
    }

    Tensor apply(String convolution, Tensor x, Tensor y, Window window) {
        if (!parameters.has(convolution + DOWN)) {
            return y;
        }
        Tensor low = x.conv2d(parameters.leaf(convolution + DOWN), null, window);
        return y.add(low.conv2d(parameters.leaf(convolution + UP), null, Window.same(1))
                .mul(scale));
    }
}
