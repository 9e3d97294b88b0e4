package dev.swiftbrush.runtime.export;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A convolution with a 3x3 kernel in fewer multiplications. A tile of {@code TILE} x {@code TILE} results is
 * {@code Aᵀ [(G g Gᵀ) ∘ (Bᵀ d B)] A} for the kernel g and the part d of the image that the tile depends on; summed over
 * the input channels, the elementwise product is one matrix product for each of the {@code points} x {@code points} places.
 *
 * @param stride pixels of the image from one tile to the next
 * @param window pixels of the image, in each direction, that a tile depends on
 * @param points places in each direction
 * @param image Bᵀ, {@code [points, window]}
 * @param kernel G, {@code [points, 3]}
 * @param result Aᵀ, {@code [TILE, points]}
 * @see <a href="https://arxiv.org/abs/1509.09308">Fast Algorithms for Convolutional Neural Networks</a>
 */
record Winograd(int stride, int window, int points, double[][] image, double[][] kernel, double[][] result) {
    static final int KERNEL = 3;
    static final int TILE = 4;

    /** Channels are handled in so many groups: with more than one, ONNX Runtime keeps the layout of the image. */
    static final int GROUPS = 2;

    /** F(4x4, 3x3): 36 multiplications instead of 144. Of eight sets of points, this one gave the smallest error. */
    static final Winograd SAME = of(0, 1, -1, 0.5, -2);

    /**
     * The same over an image that was upsampled by repeating its pixels, from the image before. As the points lie
     * symmetrically and a tile depends on pairs of equal pixels, what belongs to the point -1 is always zero: 25
     * multiplications instead of 144.
     */
    static final Winograd DOUBLED = of(0, 1, -1, 1.5, -1.5).doubled();

    /** @param finite where the polynomials are evaluated, beside infinity */
    private static Winograd of(double... finite) {
        int points = finite.length + 1;
        double[][] image = new double[points][];
        double[][] kernel = new double[points][KERNEL];
        double[][] result = new double[TILE][points];
        for (int i = 0; i < finite.length; i++) {
            double scale = 1;
            double[] others = {1};
            for (int j = 0; j < finite.length; j++) {
                if (j != i) {
                    scale *= finite[i] - finite[j];
                    others = timesRoot(others, finite[j]);
                }
            }
            image[i] = padded(others, points);
            for (int k = 0; k < KERNEL; k++) {
                kernel[i][k] = Math.pow(finite[i], k) / scale;
            }
            for (int k = 0; k < TILE; k++) {
                result[k][i] = Math.pow(finite[i], k);
            }
        }
        double[] all = {1};
        for (double point : finite) {
            all = timesRoot(all, point);
        }
        image[points - 1] = padded(all, points); // infinity
        kernel[points - 1][KERNEL - 1] = 1;
        result[TILE - 1][points - 1] = 1;
        return new Winograd(TILE, points, points, image, kernel, result);
    }

    /** The coefficients of {@code polynomial · (x - root)}, from the constant one on. */
    private static double[] timesRoot(double[] polynomial, double root) {
        double[] product = new double[polynomial.length + 1];
        for (int i = 0; i < polynomial.length; i++) {
            product[i] -= root * polynomial[i];
            product[i + 1] += polynomial[i];
        }
        return product;
    }

    private static double[] padded(double[] values, int length) {
        return Arrays.copyOf(values, length);
    }

    private Winograd doubled() {
        int half = window / 2 + 1; // a tile begins with the second copy of a pixel and ends with a first one
        double[][] source = new double[points][half];
        for (int i = 0; i < points; i++) {
            for (int k = 0; k < window; k++) {
                source[i][(k + 1) / 2] += image[i][k];
            }
        }
        int[] kept = IntStream.range(0, points)
                .filter(i -> IntStream.range(0, half).anyMatch(k -> source[i][k] != 0))
                .toArray();
        return new Winograd(
                stride / 2,
                half,
                kept.length,
                IntStream.of(kept).mapToObj(i -> source[i]).toArray(double[][]::new),
                IntStream.of(kept).mapToObj(i -> kernel[i]).toArray(double[][]::new),
                IntStream.range(0, TILE)
                        .mapToObj(row -> IntStream.of(kept)
                                .mapToDouble(i -> result[row][i])
                                .toArray())
                        .toArray(double[][]::new));
    }

    /** {@code m ⊗ m}, which works on both directions of an image at once, row by row, {@code copies} times. */
    static float[] square(double[][] m, int copies) {
        int rows = m.length * m.length;
        int columns = m[0].length * m[0].length;
        float[] product = new float[copies * rows * columns];
        for (int next = 0; next < product.length; next++) {
            int row = next / columns % rows;
            int column = next % columns;
            product[next] = (float) (m[row / m.length][column / m[0].length] * m[row % m.length][column % m[0].length]);
        }
        return product;
    }

    /** Row by row. */
    static float[] flat(double[][] m) {
        float[] values = new float[m.length * m[0].length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) m[i / m[0].length][i % m[0].length];
        }
        return values;
    }

    /** Column by column. */
    static float[] columns(double[][] m) {
        float[] values = new float[m.length * m[0].length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) m[i % m.length][i / m.length];
        }
        return values;
    }
}
