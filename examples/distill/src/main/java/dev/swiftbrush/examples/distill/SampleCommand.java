package dev.swiftbrush.examples.distill;

import dev.swiftbrush.Device;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.train.report.ImageGrid;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Draws with a student, as an application would. */
@Command(name = "sample", description = "Draws a grid of pictures with a student, each in one step.")
final class SampleCommand implements Runnable {

    private static final int MOST_CELL_PIXELS = 512;

    @Option(
            names = "--student",
            required = true,
            paramLabel = "FOLDER",
            description = "What a distillation leaves, or another one-step checkpoint.")
    private Path student;

    @Option(
            names = "--recipe",
            paramLabel = "NAME",
            description = "How it makes an image in one step, if it does not say so itself.")
    private @Nullable String recipe;

    @Option(names = "--out", paramLabel = "FILE", description = "The PNG to write.")
    private Path out = Path.of("samples.png");

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Of the first picture of each prompt; the next has the next seed.")
    private long seed = 0;

    @Option(names = "--count", paramLabel = "N", description = "Pictures of each prompt, which make a row.")
    private int count = 4;

    @Option(names = "--width", paramLabel = "N", description = "In pixels; the model's own if left out.")
    private @Nullable Integer width;

    @Option(names = "--height", paramLabel = "N", description = "In pixels; the model's own if left out.")
    private @Nullable Integer height;

    @Option(
            names = "--device",
            converter = Devices.class,
            paramLabel = "NAME",
            description = "auto, cpu, cuda, or one of several GPUs as cuda:1.")
    private Device device = Device.auto();

    @Parameters(paramLabel = "PROMPT", arity = "1..*", description = "What to draw; quote what has spaces.")
    private List<String> prompts;

    @SuppressWarnings("NullAway.Init")
    SampleCommand() {}

    @Override
    public void run() {
        if (count < 1) {
            throw new IllegalArgumentException("--count must be at least 1, but was " + count);
        }
        if ((width == null) != (height == null)) {
            throw new IllegalArgumentException("--width and --height must be given both or neither");
        }
        SwiftBrush.Builder builder = SwiftBrush.builder().model(student).device(device);
        if (recipe != null) {
            builder.recipe(recipe);
        }
        List<ImageGrid.Picture> pictures = new ArrayList<>();
        int cell = 1;
        try (SwiftBrush brush = builder.build()) {
            for (String prompt : prompts) {
                for (int i = 0; i < count; i++) {
                    GeneratedImage image = brush.generate(request(prompt).withSeed(seed + i));
                    pictures.add(new ImageGrid.Picture(image.rgb(), image.width(), image.height(), prompt));
                    cell = Math.max(cell, Math.max(image.width(), image.height()));
                }
            }
        }
        new ImageGrid(count, Math.min(cell, MOST_CELL_PIXELS)).write(out, pictures);
        System.out.println(out);
    }

    private GenerationRequest request(String prompt) {
        GenerationRequest request = GenerationRequest.of(prompt);
        return width == null || height == null ? request : request.withSize(width, height);
    }
}
