package dev.swiftbrush.runtime.network;

/**
 * Embeds a number as sines and cosines of geometrically spaced frequencies, rounded step by step to single precision as
 * PyTorch does: at t = 999 another order of rounding is seen in the fifth digit.
 *
 * @see <a href="https://arxiv.org/abs/2006.11239">DDPM</a>, appendix B, and <a
 *     href="https://arxiv.org/abs/1706.03762">Attention Is All You Need</a>, section 3.5
 */
public final class Sinusoid {
    private static final double LOG_MAX_PERIOD = Math.log(10_000);

    private Sinusoid() {}

    /** The embedding of timestep {@code t} (0 to T, real-valued) that a UNet of this configuration expects. */
    public static float[] timestep(double t, UNetConfig config) {
        int width = config.levels().get(0).channels();
        float[] result = new float[width]; // an odd last place stays zero
        int half = width / 2;
        for (int i = 0; i < half; i++) {
            float exponent = (float) -LOG_MAX_PERIOD * i / (float) (half - config.frequencyShift());
            float angle = (float) t * (float) Math.exp(exponent);
            result[config.cosineFirst() ? half + i : i] = (float) Math.sin(angle);
            result[config.cosineFirst() ? i : half + i] = (float) Math.cos(angle);
        }
        return result;
    }

    /**
     * The embedding of a guidance scale, as latent consistency models take it: of 1000 (scale - 1), sine first.
     *
     * @see <a href="https://arxiv.org/abs/2310.04378">Latent Consistency Models</a>, section 4.2
     */
    public static float[] guidance(double scale, int width) {
        float[] result = new float[width];
        int half = width / 2;
        float step = (float) (LOG_MAX_PERIOD / (half - 1));
        float w = (float) (scale - 1) * 1000;
        for (int i = 0; i < half; i++) {
            float angle = w * (float) Math.exp(i * -step);
            result[i] = (float) Math.sin(angle);
            result[half + i] = (float) Math.cos(angle);
        }
        return result;
    }
}
