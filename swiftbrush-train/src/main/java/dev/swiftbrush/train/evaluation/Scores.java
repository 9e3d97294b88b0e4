package dev.swiftbrush.train.evaluation;

import java.util.List;

/**
 * How well pictures are drawn.
 *
 * @param frechet {@link FrechetDistance} of their features to those of real pictures; less is better
 * @param textImage mean cosine between the features of a picture and of its prompt; more is better
 * @param precision R-precision: the share of pictures to whose features none of the prompts is nearer than their own
 * @param diversity mean distance between the features of two pictures of one prompt
 * @param pixelDiversity root mean square difference between their pixels, of 255, averaged in the same way
 */
public record Scores(double frechet, double textImage, double precision, double diversity, double pixelDiversity) {

    /**
     * Pictures of prompts, the same number of each: those of the first, then those of the second.
     *
     * @param pictures RGB bytes
     * @param features of the pictures
     * @param prompts features of the prompts
     */
    public record Drawn(List<byte[]> pictures, List<float[]> features, List<float[]> prompts) {

        /** @throws IllegalArgumentException if prompts differ in their number of pictures */
        public Drawn {
            pictures = List.copyOf(pictures);
            features = List.copyOf(features);
            prompts = List.copyOf(prompts);
            if (pictures.size() != features.size() || prompts.isEmpty() || pictures.size() % prompts.size() != 0) {
                throw new IllegalArgumentException(
                        "every prompt must have as many pictures, but there are %d pictures and %d features for %d prompts"
                                .formatted(pictures.size(), features.size(), prompts.size()));
            }
        }

        int each() {
            return pictures.size() / prompts.size();
        }
    }

    /**
     * Measures.
     *
     * @param real features of real pictures of the same prompts
     */
    public static Scores of(Drawn drawn, List<float[]> real) {
        double textImage = 0;
        int right = 0;
        for (int i = 0; i < drawn.features().size(); i++) {
            float[] feature = drawn.features().get(i);
            double own = Vectors.dot(feature, drawn.prompts().get(i / drawn.each()));
            textImage += own;
            right += drawn.prompts().stream().allMatch(prompt -> Vectors.dot(feature, prompt) <= own) ? 1 : 0;
        }
        int count = drawn.features().size();
        return new Scores(
                FrechetDistance.between(drawn.features(), real),
                textImage / count,
                (double) right / count,
                diversity(
                        drawn,
                        (i, j) -> Vectors.distance(
                                drawn.features().get(i), drawn.features().get(j))),
                diversity(
                        drawn,
                        (i, j) -> pixelDistance(
                                drawn.pictures().get(i), drawn.pictures().get(j))));
    }

    private interface Distance {
        double between(int i, int j);
    }

    /** The mean over all pairs of one prompt; 0 where each prompt has one picture. */
    private static double diversity(Drawn drawn, Distance distance) {
        double sum = 0;
        int pairs = 0;
        for (int from = 0; from < drawn.pictures().size(); from += drawn.each()) {
            for (int i = from; i < from + drawn.each(); i++) {
                for (int j = from; j < i; j++) {
                    sum += distance.between(i, j);
                    pairs++;
                }
            }
        }
        return pairs == 0 ? 0 : sum / pairs;
    }

    private static double pixelDistance(byte[] a, byte[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            int difference = (a[i] & 0xFF) - (b[i] & 0xFF);
            sum += difference * difference;
        }
        return Math.sqrt(sum / a.length) / 255;
    }
}
