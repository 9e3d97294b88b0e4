package dev.swiftbrush.train.evaluation;

import java.util.List;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.DiagonalMatrix;
import org.hipparchus.linear.EigenDecompositionSymmetric;
import org.hipparchus.linear.RealMatrix;

/**
 * The squared Fréchet distance between two sets of features, each taken for a normal distribution.
 *
 * <p>It is the formula of FID over other features, and its values compare with no FID.
 *
 * @see <a href="https://arxiv.org/abs/1706.08500">GANs Trained by a Two Time-Scale Update Rule</a>, equation 6
 */
public final class FrechetDistance {
    private FrechetDistance() {}

    /**
     * {@code |m_a - m_b|² + tr(C_a + C_b - 2 (C_a C_b)^½)}.
     *
     * @param a vectors of one length, at least two
     * @param b the same
     */
    public static double between(List<float[]> a, List<float[]> b) {
        double[] meanA = mean(a);
        double[] meanB = mean(b);
        RealMatrix covarianceA = covariance(a, meanA);
        RealMatrix covarianceB = covariance(b, meanB);
        double distance = covarianceA.getTrace() + covarianceB.getTrace();
        for (int i = 0; i < meanA.length; i++) {
            distance += (meanA[i] - meanB[i]) * (meanA[i] - meanB[i]);
        }
        // the eigenvalues of C_a C_b are those of the symmetric C_a^½ C_b C_a^½
        RealMatrix root = squareRoot(covarianceA);
        for (double value : eigen(root.multiply(covarianceB).multiply(root)).getEigenvalues()) {
            distance -= 2 * Math.sqrt(Math.max(0, value)); // rounding leaves what is 0 below it
        }
        return distance;
    }

    private static double[] mean(List<float[]> vectors) {
        if (vectors.size() < 2) {
            throw new IllegalArgumentException(
                    "a distribution needs two vectors or more, but there are " + vectors.size());
        }
        double[] mean = new double[vectors.get(0).length];
        for (float[] vector : vectors) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += vector[i] / (double) vectors.size();
            }
        }
        return mean;
    }

    private static RealMatrix covariance(List<float[]> vectors, double[] mean) {
        double[][] centred = new double[vectors.size()][mean.length];
        for (int n = 0; n < centred.length; n++) {
            for (int i = 0; i < mean.length; i++) {
                centred[n][i] = vectors.get(n)[i] - mean[i];
            }
        }
        RealMatrix matrix = new Array2DRowRealMatrix(centred, false);
        return matrix.transposeMultiply(matrix).scalarMultiply(1.0 / (vectors.size() - 1));
    }

    private static RealMatrix squareRoot(RealMatrix matrix) {
        EigenDecompositionSymmetric eigen = eigen(matrix);
        double[] roots = eigen.getEigenvalues().clone();
        for (int i = 0; i < roots.length; i++) {
            roots[i] = Math.sqrt(Math.max(0, roots[i]));
        }
        return eigen.getV().multiply(new DiagonalMatrix(roots, false)).multiply(eigen.getVT());
    }

    /** Of a matrix that is symmetric but for rounding. */
    private static EigenDecompositionSymmetric eigen(RealMatrix matrix) {
        return new EigenDecompositionSymmetric(matrix.add(matrix.transpose()).scalarMultiply(0.5));
    }
}
