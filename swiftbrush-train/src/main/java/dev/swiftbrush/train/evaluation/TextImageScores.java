package dev.swiftbrush.train.evaluation;

import java.util.ArrayList;
import java.util.List;

/**
 * How near each picture is to its own prompt, and how many of the other prompts are nearer.
 *
 * @param own the cosine between the features of a picture and of its prompt, in {@code [-1, 1]}
 * @param ranks of the picture's prompt among all prompts, 1 for the nearest; of equals the best
 */
public record TextImageScores(List<Double> own, List<Integer> ranks) {

    public TextImageScores {
        own = List.copyOf(own);
        ranks = List.copyOf(ranks);
    }

    /**
     * Measures.
     *
     * @param pictures features of one picture of each prompt
     * @param prompts features of the prompts, in the same order
     * @throws IllegalArgumentException if there are not as many of both
     */
    public static TextImageScores of(List<float[]> pictures, List<float[]> prompts) {
        if (pictures.size() != prompts.size()) {
            throw new IllegalArgumentException("every prompt must have one picture, but there are %d for %d prompts"
                    .formatted(pictures.size(), prompts.size()));
        }
        List<Double> own = new ArrayList<>();
        List<Integer> ranks = new ArrayList<>();
        for (int i = 0; i < pictures.size(); i++) {
            float[] picture = pictures.get(i);
            double score = Vectors.dot(picture, prompts.get(i));
            own.add(score);
            ranks.add(1
                    + (int) prompts.stream()
                            .filter(prompt -> Vectors.dot(picture, prompt) > score)
                            .count());
        }
        return new TextImageScores(own, ranks);
    }

    /** How many pictures have their prompt among the nearest {@code rank}. */
    public long within(int rank) {
        return ranks.stream().filter(each -> each <= rank).count();
    }
}
