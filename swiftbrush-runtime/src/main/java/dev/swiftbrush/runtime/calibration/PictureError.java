package dev.swiftbrush.runtime.calibration;

import java.util.Collection;

/**
 * How far a picture is from the one that it should be.
 *
 * @param psnr peak signal-to-noise ratio in dB over all bytes; {@link #EQUAL} at most
 * @param ssim mean structural similarity of their luma, 1 where they are equal
 */
public record PictureError(double psnr, double ssim) {
    /** The ratio of pictures that differ in nothing. */
    public static final double EQUAL = 100;

    private static final int WINDOW = 8;
    private static final double PEAK = 255;
    private static final double C1 = (0.01 * PEAK) * (0.01 * PEAK);
    private static final double C2 = (0.03 * PEAK) * (0.03 * PEAK);

    /**
     * @param picture RGB bytes, row by row
     * @param exact as many
     * @see <a href="https://ieeexplore.ieee.org/document/1284395">Wang et al., Image Quality Assessment</a>, with windows of
     *     8x8 pixels, each at half a window from the last
     */
    public static PictureError of(byte[] picture, byte[] exact, int width) {
        double squares = 0;
        for (int i = 0; i < picture.length; i++) {
            double difference = (picture[i] & 0xFF) - (exact[i] & 0xFF);
            squares += difference * difference;
        }
        double psnr = squares == 0 ? EQUAL : 10 * Math.log10(PEAK * PEAK * picture.length / squares);
        return new PictureError(Math.min(EQUAL, psnr), similarity(luma(picture), luma(exact), width));
    }

    /** The mean of several. */
    public static PictureError mean(Collection<PictureError> errors) {
        return new PictureError(
                errors.stream().mapToDouble(PictureError::psnr).average().orElse(EQUAL),
                errors.stream().mapToDouble(PictureError::ssim).average().orElse(1));
    }

    private static double similarity(double[] a, double[] b, int width) {
        int height = a.length / width;
        int window = Math.min(WINDOW, Math.min(width, height));
        int step = Math.max(1, window / 2);
        double sum = 0;
        int windows = 0;
        for (int y = 0; y + window <= height; y += step) {
            for (int x = 0; x + window <= width; x += step) {
                sum += similarity(a, b, width, y * width + x, window);
                windows++;
            }
        }
        return sum / windows;
    }

    private static double similarity(double[] a, double[] b, int width, int start, int window) {
        double sumA = 0;
        double sumB = 0;
        double squaresA = 0;
        double squaresB = 0;
        double products = 0;
        for (int y = 0; y < window; y++) {
            for (int i = start + y * width; i < start + y * width + window; i++) {
                sumA += a[i];
                sumB += b[i];
                squaresA += a[i] * a[i];
                squaresB += b[i] * b[i];
                products += a[i] * b[i];
            }
        }
        double count = window * window;
        double meanA = sumA / count;
        double meanB = sumB / count;
        double varianceA = squaresA / count - meanA * meanA;
        double varianceB = squaresB / count - meanB * meanB;
        double covariance = products / count - meanA * meanB;
        return (2 * meanA * meanB + C1)
                * (2 * covariance + C2)
                / ((meanA * meanA + meanB * meanB + C1) * (varianceA + varianceB + C2));
    }

    /** ITU-R BT.601. */
    private static double[] luma(byte[] rgb) {
        double[] luma = new double[rgb.length / 3];
        for (int i = 0; i < luma.length; i++) {
            luma[i] = 0.299 * (rgb[3 * i] & 0xFF) + 0.587 * (rgb[3 * i + 1] & 0xFF) + 0.114 * (rgb[3 * i + 2] & 0xFF);
        }
        return luma;
    }
}
