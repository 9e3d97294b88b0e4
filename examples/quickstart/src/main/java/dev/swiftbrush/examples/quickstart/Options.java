package dev.swiftbrush.examples.quickstart;

import dev.swiftbrush.Device;
import dev.swiftbrush.ImageSize;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The command line: options, and words that make up the prompt.
 *
 * @param model a folder, a file, or a model's id on a hub; null for the one on the class path
 * @param recipe null for the one that the model records
 * @param seed null for a random one
 * @param size null for the model's own
 */
record Options(
        @Nullable String model,
        @Nullable String recipe,
        @Nullable Long seed,
        @Nullable ImageSize size,
        Device device,
        Path out,
        String prompt) {

    static final String USAGE = """
            Usage: [options] PROMPT ...
              --model MODEL     a one-step Stable Diffusion checkpoint: a folder in diffusers layout or of ONNX
                                files, an original single .safetensors file, a model file (.zip, .jar), or owner/name
                                or owner/name@revision on the hub, which is downloaded once; if left out, the
                                small model of emoji that comes with this example
              --recipe NAME     how it makes an image in one step, if it does not say so itself:
                                swiftbrush, sd-turbo, instaflow, lcm, dmd2 or sid-lsg
              --seed N          the same seed draws the same picture; random if left out
              --size WxH        in pixels; the model's own if left out
              --device NAME     auto, cpu or cuda; auto if left out
              --out FILE        the PNG to write; out.png if left out""";

    /** @throws IllegalArgumentException if an option is unknown or lacks its value, or the prompt is missing */
    static Options parse(String... args) {
        String model = null;
        String recipe = null;
        Long seed = null;
        ImageSize size = null;
        Device device = Device.auto();
        Path out = Path.of("out.png");
        List<String> words = new ArrayList<>();
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--model" -> model = value(args, ++i);
                case "--recipe" -> recipe = value(args, ++i);
                case "--seed" -> seed = seed(value(args, ++i));
                case "--size" -> size = size(value(args, ++i));
                case "--device" -> device = device(value(args, ++i));
                case "--out" -> out = Path.of(value(args, ++i));
                default -> {
                    if (args[i].startsWith("--")) {
                        throw new IllegalArgumentException("unknown option " + args[i]);
                    }
                    words.add(args[i]);
                }
            }
        }
        if (words.isEmpty()) {
            throw new IllegalArgumentException("the prompt is missing");
        }
        return new Options(model, recipe, seed, size, device, out, String.join(" ", words));
    }

    private static String value(String[] args, int index) {
        if (index == args.length) {
            throw new IllegalArgumentException(args[index - 1] + " needs a value");
        }
        return args[index];
    }

    private static long seed(String text) {
        try {
            return text.startsWith("-") ? Long.parseLong(text) : Long.parseUnsignedLong(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("--seed must be a whole number, but was " + text, e);
        }
    }

    private static ImageSize size(String text) {
        String[] sides = text.split("x", -1);
        try {
            if (sides.length == 2) {
                return new ImageSize(Integer.parseInt(sides[0]), Integer.parseInt(sides[1]));
            }
        } catch (NumberFormatException e) {
            // falls through: said below
        }
        throw new IllegalArgumentException("--size must look like 512x512, but was " + text);
    }

    private static Device device(String text) {
        return switch (text) {
            case "auto" -> Device.auto();
            case "cpu" -> Device.cpu();
            case "cuda" -> Device.cuda(0);
            default -> throw new IllegalArgumentException("--device must be auto, cpu or cuda, but was " + text);
        };
    }
}
