package dev.swiftbrush.train.torch;

import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Low-rank adapters beside linear layers: {@code y + scale · up(down(x))}. A layer {@code to_q} has the weights {@code
 * to_q.lora_A.weight [rank, in]} and {@code to_q.lora_B.weight [out, rank]}, PEFT's names.
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
     * @throws IllegalArgumentException if a target fits no linear layer
     */
    public static Map<String, Shape> shapes(Map<String, Shape> network, Iterable<String> targets, int rank) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (String target : targets) {
            String end = "." + target + ".weight";
            int before = shapes.size();
            network.forEach((name, shape) -> {
                if (name.endsWith(end) && shape.rank() == 2) {
                    String layer = name.substring(0, name.length() - ".weight".length());
                    shapes.put(layer + DOWN, Shape.of(rank, shape.get(1)));
                    shapes.put(layer + UP, Shape.of(shape.get(0), rank));
                }
            });
            if (shapes.size() == before) {
                throw new IllegalArgumentException(
                        "LoRA target '%s' fits no linear layer of the network; a target is the end of a name such as to_q or attn2.to_v"
                                .formatted(target));
            }
        }
        return shapes;
    }

    /** Fills new adapters: the first matrix uniform within {@code ±1/sqrt(in)}, the second zero, as PEFT does. */
    public static void initialise(FlatTensor adapters, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (String name : adapters.names()) {
            if (name.endsWith(DOWN)) {
                Shape shape = adapters.shape(name);
                double bound = 1 / Math.sqrt(shape.get(1));
                float[] values = new float[Math.toIntExact(shape.get(0) * shape.get(1))];
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
}
