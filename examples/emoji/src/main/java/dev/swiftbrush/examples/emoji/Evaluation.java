package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.train.data.TextEncoder;
import dev.swiftbrush.train.evaluation.Drawer;
import dev.swiftbrush.train.evaluation.Scores;
import dev.swiftbrush.train.evaluation.Scores.Drawn;
import dev.swiftbrush.train.evaluation.Sentences;
import dev.swiftbrush.train.evaluation.TrainedImageEncoder;
import dev.swiftbrush.train.report.ConsoleProgress;
import dev.swiftbrush.train.report.ImageGrid;
import dev.swiftbrush.train.report.ImageGrid.Picture;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntFunction;

/**
 * Makes the table of a test set. Use from one thread.
 *
 * @param judge gives the features
 * @param encoder of prompts
 * @param models by the names of their rows
 * @param samples pictures of each caption
 * @param seeds how often everything is drawn
 */
record Evaluation(
        TrainedImageEncoder judge,
        TextEncoder encoder,
        Map<String, Drawer> models,
        int samples,
        int seeds,
        ConsoleProgress progress) {
    private static final int AT_ONCE = 16;
    private static final int SHOWN = 8;
    private static final long REFERENCE = 1_000_000; // the seed of the real pictures that all are held against

    /** Measures everything on one set of captions. */
    String table(String title, TestSet set) {
        List<float[]> prompts = judge.sentenceFeatures(Sentences.embed(set.texts(), encoder, done -> {}));
        List<float[]> reference = judge.features(set.real(samples, REFERENCE));
        List<float[]> others = new ArrayList<>(prompts);
        Collections.rotate(others, 1);
        int width = set.images().width();
        ScoreTable table = new ScoreTable("%d %s".formatted(set.captions().size(), title));
        addReal(table, "real pictures", prompts, reference, seed -> set.real(samples, seed));
        addReal(table, "real, captions shuffled", others, reference, seed -> set.real(samples, seed));
        addReal(
                table,
                "real, blurred",
                prompts,
                reference,
                seed -> set.real(samples, seed).stream()
                        .map(rgb -> Damage.blurred(rgb, width))
                        .toList());
        addReal(table, "real, noisy", prompts, reference, seed -> {
            Random random = new Random(seed);
            return set.real(samples, seed).stream()
                    .map(rgb -> Damage.noisy(rgb, random))
                    .toList();
        });
        models.forEach((name, model) -> addModel(table, name, model, set, prompts, reference));
        return table.toString();
    }

    /** Draws a row of pictures for real ones and for each model, under the first captions of a set. */
    void draw(TestSet set, Path png) {
        int width = set.images().width();
        TestSet shown = new TestSet(
                set.images(),
                set.captions().subList(0, Math.min(SHOWN, set.captions().size())));
        List<String> texts = shown.texts();
        List<Picture> grid = new ArrayList<>();
        List<byte[]> real = shown.real(1, REFERENCE);
        for (int i = 0; i < texts.size(); i++) {
            grid.add(new Picture(real.get(i), width, set.images().height(), texts.get(i)));
        }
        for (Drawer model : models.values()) {
            List<byte[]> pictures = model.draw(Encodings.states(encoder, texts), 0, 0, width);
            for (int i = 0; i < texts.size(); i++) {
                grid.add(new Picture(pictures.get(i), width, set.images().height(), texts.get(i)));
            }
        }
        new ImageGrid(texts.size(), 2 * width).write(png, grid);
    }

    private void addReal(
            ScoreTable table,
            String name,
            List<float[]> prompts,
            List<float[]> reference,
            IntFunction<List<byte[]>> pictures) {
        List<Scores> scores = new ArrayList<>();
        for (int seed = 0; seed < seeds; seed++) {
            scores.add(scores(pictures.apply(seed), prompts, reference));
        }
        table.add(name, scores, -1);
    }

    private void addModel(
            ScoreTable table, String name, Drawer model, TestSet set, List<float[]> prompts, List<float[]> reference) {
        List<Scores> scores = new ArrayList<>();
        long nanos = 0;
        int drawn = 0;
        for (int seed = 0; seed < seeds; seed++) {
            String stage = "%s, seed %d".formatted(name, seed);
            long start = System.nanoTime();
            List<byte[]> pictures = draw(model, set, seed, stage);
            nanos += System.nanoTime() - start;
            drawn += pictures.size();
            scores.add(scores(pictures, prompts, reference));
        }
        table.add(name, scores, nanos / 1e6 / drawn);
    }

    private Scores scores(List<byte[]> pictures, List<float[]> prompts, List<float[]> reference) {
        return Scores.of(new Drawn(pictures, judge.features(pictures), prompts), reference);
    }

    private List<byte[]> draw(Drawer model, TestSet set, long seed, String stage) {
        List<String> wanted = set.texts().stream()
                .flatMap(text -> Collections.nCopies(samples, text).stream())
                .toList();
        List<byte[]> pictures = new ArrayList<>();
        for (int from = 0; from < wanted.size(); from += AT_ONCE) {
            List<String> some = wanted.subList(from, Math.min(from + AT_ONCE, wanted.size()));
            pictures.addAll(model.draw(
                    Encodings.states(encoder, some), seed, from, set.images().width()));
            progress.stage(stage, pictures.size(), wanted.size());
        }
        return pictures;
    }
}
