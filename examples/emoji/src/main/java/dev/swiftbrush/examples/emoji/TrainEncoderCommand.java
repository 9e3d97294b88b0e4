package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.Device;
import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.data.TextEncoder;
import dev.swiftbrush.train.evaluation.ContrastiveTask;
import dev.swiftbrush.train.evaluation.ContrastiveTask.Settings;
import dev.swiftbrush.train.evaluation.Sentences;
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import dev.swiftbrush.train.report.ConsoleProgress;
import dev.swiftbrush.train.torch.Torch;
import dev.swiftbrush.train.trainer.TrainingLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Trains the network by whose features pictures are judged. */
@Command(
        name = "train-encoder",
        description = {
            "Trains a small network that says which picture belongs to which caption: evaluate judges by its features.",
            "Stopped, it goes on from its last checkpoint."
        })
final class TrainEncoderCommand implements Runnable, Miniature.Training {
    /** The trained network, in the output folder. */
    static final String FILE = "image-encoder.safetensors";

    private static final long CHECKPOINT_EVERY = 100;

    @Option(names = "--dataset", required = true, paramLabel = "FOLDER", description = "What prepare has written.")
    private Path dataset;

    @Option(
            names = "--teacher",
            required = true,
            paramLabel = "FOLDER",
            description = "The checkpoint whose text encoder embeds the captions.")
    private Path teacher;

    @Option(names = "--output", required = true, paramLabel = "FOLDER", description = "Of the run.")
    private Path output;

    @Option(names = "--steps", paramLabel = "N", description = "Updates of the network.")
    private long steps = Settings.DEFAULT.steps();

    @Option(names = "--batch-size", paramLabel = "N", description = "Pictures that are told from each other.")
    private int batchSize = Settings.DEFAULT.batchSize();

    @Option(names = "--learning-rate", paramLabel = "X", description = "At its highest.")
    private double learningRate = Settings.DEFAULT.learningRate();

    @Option(names = "--seed", paramLabel = "N", description = "Of everything random.")
    private long seed = Settings.DEFAULT.seed();

    @Option(names = "--threads", paramLabel = "N", description = "That libtorch computes with.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @SuppressWarnings("NullAway.Init") // picocli sets what is annotated
    TrainEncoderCommand() {}

    @Override
    public void run() {
        Torch.start(threads);
        CaptionedImages images = CaptionedImages.read(dataset, PictureFile.SIZE, PictureFile.SIZE, PictureFile.WHITE);
        Settings settings = new Settings(steps, batchSize, learningRate, seed);
        try (ConsoleProgress progress = ConsoleProgress.on(System.out)) {
            List<float[]> sentences;
            String fingerprint;
            try (TextEncoder encoder = TextEncoder.open(teacher, Device.cpu())) {
                fingerprint = encoder.fingerprint();
                int count = images.captions().size();
                sentences = Sentences.embed(
                        images.captions(), encoder, done -> progress.stage("encoding captions", done, count));
            }
            ContrastiveTask task = new ContrastiveTask(images, sentences, settings);
            String identity = "%s %s %s".formatted(settings, sha256(dataset.resolve(Dataset.LIST)), fingerprint);
            TrainingLoop.Terms terms = new TrainingLoop.Terms(output, identity, steps, CHECKPOINT_EVERY, 1, 0, true);
            try (TrainingLoop loop = TrainingLoop.open(task, terms)) {
                loop.run(progress, step -> output);
            } catch (InterruptedException e) {
                throw new SwiftBrushException("interrupted; the same command goes on from there", e);
            }
            task.result().write(output.resolve(FILE), fingerprint);
            progress.finished(output.resolve(FILE), steps);
        }
    }

    private static String sha256(Path file) {
        try {
            return Sha256.of(file);
        } catch (IOException e) {
            throw StorageException.cannotRead(file, e);
        }
    }
}
