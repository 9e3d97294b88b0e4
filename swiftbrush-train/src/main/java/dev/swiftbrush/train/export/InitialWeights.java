package dev.swiftbrush.train.export;

import dev.swiftbrush.runtime.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Weights to begin with, as PyTorch draws them: those of linear and convolutional layers and their biases uniform within
 * {@code 1 / sqrt(fan_in)}, norms as the identity. Immutable and thread-safe.
 *
 * <p>If asked for, whatever is added to a residual stream begins as zero, and so does the network's output, so that every block
 * begins as the identity.
 *
 * @see <a href="https://arxiv.org/abs/2105.05233">Diffusion Models Beat GANs</a>, whose UNet begins so
 */
final class InitialWeights implements WeightSource {
    private static final String WEIGHT = ".weight";
    private static final String BIAS = ".bias";

    private final Map<String, Shape> shapes;
    private final Map<String, Long> seeds;
    private final boolean zeroResiduals;

    InitialWeights(Map<String, Shape> shapes, long seed, boolean zeroResiduals) {
        this.shapes = Map.copyOf(shapes);
        this.seeds = new LinkedHashMap<>();
        this.zeroResiduals = zeroResiduals;
        SplittableRandom random = new SplittableRandom(seed);
        shapes.keySet().forEach(name -> seeds.put(name, random.nextLong()));
    }

    @Override
    public void read(String name, Consumer<ByteBuffer> sink) {
        float[] values = values(name);
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        sink.accept(bytes);
    }

    float[] values(String name) {
        Shape shape = shape(name);
        float[] values = new float[elements(shape)];
        String layer = name.substring(0, name.lastIndexOf('.'));
        Shape weight = shape(layer + WEIGHT);
        if (weight.rank() == 1) { // a norm
            Arrays.fill(values, name.endsWith(BIAS) ? 0 : 1);
        } else if (!(zeroResiduals && endsResidual(layer))) {
            double bound = Math.sqrt(weight.get(0) / (double) elements(weight)); // 1 / sqrt(fan_in)
            SplittableRandom random = new SplittableRandom(Objects.requireNonNull(seeds.get(name)));
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (bound * (2 * random.nextDouble() - 1));
            }
        }
        return values;
    }

    private static int elements(Shape shape) {
        long elements = 1;
        for (long size : shape.sizes()) {
            elements = Math.multiplyExact(elements, size);
        }
        return Math.toIntExact(elements);
    }

    private static boolean endsResidual(String layer) {
        return layer.endsWith(".conv2") || layer.endsWith(".proj_out") || layer.equals("conv_out");
    }

    private Shape shape(String name) {
        Shape shape = shapes.get(name);
        if (shape == null) {
            throw new IllegalArgumentException("there is no weight '%s' among %d".formatted(name, shapes.size()));
        }
        return shape;
    }
}
