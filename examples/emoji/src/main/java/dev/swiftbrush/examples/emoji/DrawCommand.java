package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.Device;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.train.data.Prompts;
import dev.swiftbrush.train.data.TextEncoder;
import dev.swiftbrush.train.evaluation.ImageEncoder;
import dev.swiftbrush.train.evaluation.Sentences;
import dev.swiftbrush.train.evaluation.TextImageScores;
import dev.swiftbrush.train.evaluation.TrainedImageEncoder;
import dev.swiftbrush.train.report.ImageGrid;
import dev.swiftbrush.train.report.ImageGrid.Picture;
import dev.swiftbrush.train.torch.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Draws by a list of prompts, the way an application would. */
@Command(
        name = "draw",
        description = {
            "Draws by every prompt of a file with a one-step model, in the runtime, and lays the pictures out.",
            "With an encoder, it prints how well each follows its prompt, too."
        })
final class DrawCommand implements Runnable, Miniature.Training {
    private static final int ENLARGED = 2;

    @Option(names = "--model", required = true, paramLabel = "FOLDER", description = "A one-step model.")
    private Path model;

    @Option(names = "--prompts", required = true, paramLabel = "FILE", description = "A prompt on every line.")
    private Path prompts;

    @Option(names = "--seed", paramLabel = "N", description = "Of the first picture; each next one has the next seed.")
    private long seed = 0;

    @Option(names = "--columns", paramLabel = "N", description = "Of the grid.")
    private int columns = 8;

    @Option(names = "--grid", required = true, paramLabel = "FILE", description = "The PNG to write.")
    private Path grid;

    @Option(names = "--encoder", paramLabel = "FILE", description = "What train-encoder has written.")
    private @Nullable Path encoderFile;

    @SuppressWarnings("NullAway.Init") // picocli sets what is annotated
    DrawCommand() {}

    @Override
    public void run() {
        List<GeneratedImage> images = draw(Prompts.read(prompts).list());
        List<Picture> pictures = new ArrayList<>();
        int cell = 16;
        for (GeneratedImage image : images) {
            pictures.add(new Picture(image.rgb(), image.width(), image.height(), image.prompt()));
            cell = Math.max(cell, ENLARGED * Math.max(image.width(), image.height()));
        }
        new ImageGrid(columns, cell).write(grid, pictures);
        System.out.println(grid);
        if (encoderFile != null) {
            print(images, encoderFile);
        }
    }

    private List<GeneratedImage> draw(List<String> lines) {
        List<GenerationRequest> requests = new ArrayList<>();
        for (String line : lines) {
            requests.add(GenerationRequest.of(line).withSeed(seed + requests.size()));
        }
        try (SwiftBrush brush =
                SwiftBrush.builder().model(model).device(Device.cpu()).build()) {
            return brush.generateAll(requests);
        }
    }

    private void print(List<GeneratedImage> images, Path judgeFile) {
        Torch.start(Runtime.getRuntime().availableProcessors());
        List<String> texts = images.stream().map(GeneratedImage::prompt).toList();
        try (TextEncoder encoder = TextEncoder.open(model, Device.cpu())) {
            TrainedImageEncoder judge = TrainedImageEncoder.read(
                    judgeFile, new ImageEncoder(images.get(0).width(), encoder.width()), encoder.fingerprint());
            TextImageScores scores = TextImageScores.of(
                    judge.features(images.stream().map(GeneratedImage::rgb).toList()),
                    judge.sentenceFeatures(Sentences.embed(texts, encoder, done -> {})));
            System.out.println("\n| prompt | score | its rank among the prompts |\n|---|---|---|");
            for (int i = 0; i < texts.size(); i++) {
                System.out.printf(
                        Locale.ROOT,
                        "| %s | %.2f | %d |%n",
                        texts.get(i),
                        scores.own().get(i),
                        scores.ranks().get(i));
            }
            System.out.printf(
                    Locale.ROOT,
                    "%nMean score %.2f; own prompt first for %d of %d, among the first three for %d.%n",
                    scores.own().stream().mapToDouble(score -> score).average().orElseThrow(),
                    scores.within(1),
                    texts.size(),
                    scores.within(3));
        }
    }
}
