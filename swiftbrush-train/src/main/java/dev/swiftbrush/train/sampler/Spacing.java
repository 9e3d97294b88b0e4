package dev.swiftbrush.train.sampler;

/**
 * How the timesteps of a few steps spread over the T of training.
 *
 * @see <a href="https://arxiv.org/abs/2305.08891">Common Diffusion Noise Schedules and Sample Steps are Flawed</a>, table 2
 */
public enum Spacing {
    /** From T - 1 down; the only spacing that starts from pure noise and suits very few steps. */
    TRAILING {
        @Override
        double[] points(int training, int points, int steps) {
            double[] result = new double[steps];
            double second = training - (double) training / steps;
            for (int i = 0; i < steps; i++) {
                result[i] = training + i * (second - training) - 1; // in numpy's rounding, which decides ties
            }
            return result;
        }
    },
    /** Whole multiples from 0 up, plus 1: Stable Diffusion's own, {@code steps_offset} 1. */
    LEADING {
        @Override
        double[] points(int training, int points, int steps) {
            double[] result = new double[steps];
            int apart = training / points;
            for (int i = 0; i < steps; i++) {
                result[i] = (double) (points - 1 - i) * apart + 1;
            }
            return result;
        }
    },
    /** Evenly from T - 1 to 0. */
    LINSPACE {
        @Override
        double[] points(int training, int points, int steps) {
            double[] result = new double[steps];
            for (int i = 0; i < steps; i++) {
                result[i] = i == 0 && points > 1
                        ? training - 1
                        : (points - 1 - i) * ((training - 1) / Math.max(1.0, points - 1));
            }
            return result;
        }
    };

    /**
     * The timesteps, from noisy to clean, as diffusers 0.42.1 has them.
     *
     * @param points among how many the interval is divided; the cleanest of them are left out where there are more than
     *     {@code steps}
     * @throws IllegalArgumentException if {@code steps} is not positive, or so many do not fit
     */
    int[] timesteps(int training, int points, int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("steps must be positive, but were " + steps);
        }
        if (steps > training) {
            throw doesNotFit(training, steps);
        }
        double[] exact = points(training, points, steps);
        int[] timesteps = new int[steps];
        for (int i = 0; i < steps; i++) {
            timesteps[i] = (int) Math.rint(exact[i]);
            if (timesteps[i] < 0 || timesteps[i] >= (i == 0 ? training : timesteps[i - 1])) {
                throw doesNotFit(training, steps);
            }
        }
        return timesteps;
    }

    abstract double[] points(int training, int points, int steps);

    private IllegalArgumentException doesNotFit(int training, int steps) {
        return new IllegalArgumentException(
                "%d steps do not fit into %d timesteps with %s spacing; take fewer".formatted(steps, training, name()));
    }
}
