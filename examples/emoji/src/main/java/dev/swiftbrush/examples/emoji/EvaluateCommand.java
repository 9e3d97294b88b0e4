package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.Device;
import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.data.TextEncoder;
import dev.swiftbrush.train.evaluation.Drawer;
import dev.swiftbrush.train.evaluation.ImageEncoder;
import dev.swiftbrush.train.evaluation.TrainedImageEncoder;
import dev.swiftbrush.train.files.StorageException;
import dev.swiftbrush.train.report.ConsoleProgress;
import dev.swiftbrush.train.torch.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prints how well models draw. */
@Command(
        name = "evaluate",
        description = {
            "Draws by captions that were held out and by captions of the training, and prints how well, as Markdown:",
            "the teacher in many steps and in one, and its students, from the same noise; and real pictures as a measure."
        })
final class EvaluateCommand implements Runnable, Miniature.Training {
    private static final long CHOICE = 20_261; // of training captions, apart from the seeds of pictures

    @Option(names = "--dataset", required = true, paramLabel = "FOLDER", description = "What prepare has written.")
    private Path dataset;

    @Option(names = "--encoder", required = true, paramLabel = "FILE", description = "What train-encoder has written.")
    private Path encoderFile;

    @Option(names = "--teacher", required = true, paramLabel = "FOLDER", description = "The multi-step checkpoint.")
    private Path teacher;

    @Option(names = "--vsd", paramLabel = "FOLDER", description = "A student by variational score distillation.")
    private @Nullable Path vsd;

    @Option(names = "--sds", paramLabel = "FOLDER", description = "A student by score distillation sampling.")
    private @Nullable Path sds;

    @Option(names = "--output", paramLabel = "FILE", description = "Where the tables are written too.")
    private @Nullable Path output;

    @Option(
            names = "--grid",
            paramLabel = "FILE",
            description = "A PNG to write: under 8 held-out captions real pictures above those of each model.")
    private @Nullable Path grid;

    @Option(names = "--steps", paramLabel = "N", description = "Of the teacher.")
    private int steps = 25;

    @Option(names = "--guidance", paramLabel = "X", description = "Guidance scale of the teacher; 1 for none.")
    private double guidance = 2;

    @Option(names = "--captions", paramLabel = "N", description = "How many of each kind, at most.")
    private int captions = 172;

    @Option(names = "--samples", paramLabel = "N", description = "Pictures of each caption, at least 2.")
    private int samples = 6;

    @Option(names = "--seeds", paramLabel = "N", description = "How often everything is drawn anew.")
    private int seeds = 3;

    @Option(names = "--threads", paramLabel = "N", description = "That libtorch computes with.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @SuppressWarnings("NullAway.Init") // picocli sets what is annotated
    EvaluateCommand() {}

    @Override
    public void run() {
        if (samples < 2 || seeds < 1 || captions < 2) {
            throw new IllegalArgumentException(
                    "there must be at least 2 captions, 2 samples and 1 seed, but were %d, %d and %d"
                            .formatted(captions, samples, seeds));
        }
        Torch.start(threads);
        CaptionedImages training = read(dataset);
        CaptionedImages heldOut = read(dataset.resolve(Dataset.HELD_OUT));
        try (TextEncoder encoder = TextEncoder.open(teacher, Device.cpu());
                ConsoleProgress progress = ConsoleProgress.on(System.out)) {
            TrainedImageEncoder judge = TrainedImageEncoder.read(
                    encoderFile, new ImageEncoder(training.width(), encoder.width()), encoder.fingerprint());
            Map<String, Drawer> models = models(encoder);
            Evaluation evaluation = new Evaluation(judge, encoder, models, samples, seeds, progress);
            TestSet unseen = TestSet.some(heldOut, captions, CHOICE);
            if (grid != null) {
                evaluation.draw(unseen, grid);
            }
            String tables = evaluation.table("held-out captions", unseen)
                    + "\n"
                    + evaluation.table("captions of the training", TestSet.some(training, captions, CHOICE));
            print(tables);
        }
    }

    private static CaptionedImages read(Path folder) {
        return CaptionedImages.read(folder, PictureFile.SIZE, PictureFile.SIZE, PictureFile.WHITE);
    }

    private Map<String, Drawer> models(TextEncoder encoder) {
        float[] empty = Encodings.states(encoder, List.of(""));
        Map<String, Drawer> models = new LinkedHashMap<>();
        models.put("teacher, %d steps".formatted(steps), teacher(empty, encoder.tokens(), steps));
        models.put("teacher, 1 step", teacher(empty, encoder.tokens(), 1));
        if (sds != null) {
            models.put("SDS student", Drawer.student(sds, empty, encoder.tokens()));
        }
        if (vsd != null) {
            models.put("VSD student", Drawer.student(vsd, empty, encoder.tokens()));
        }
        return models;
    }

    private Drawer teacher(float[] empty, int tokens, int count) {
        return Drawer.teacher(teacher, empty, tokens, count, guidance);
    }

    private void print(String tables) {
        String text = tables
                + String.format(
                        Locale.ROOT,
                        "%nEach row: %d pictures of every caption, for each of %d seeds; the teacher's guidance scale is %s.%n",
                        samples,
                        seeds,
                        guidance);
        System.out.println(text);
        if (output != null) {
            try {
                Files.writeString(output, text);
            } catch (IOException e) {
                throw StorageException.cannotWrite(output, e);
            }
        }
    }
}
