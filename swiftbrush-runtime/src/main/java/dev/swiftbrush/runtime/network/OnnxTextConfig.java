package dev.swiftbrush.runtime.network;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A text encoder that is an ONNX file with a {@code tokenizer.json}, from {@code text_encoder/config.json} of the class
 * {@value #CLASS}. A prompt's tokens go through the file as they are; behind their hidden states stand zeros up to {@code
 * maxLength}.
 *
 * @param configuration the file that this was read from
 * @param model the ONNX file: {@code text_encoder/model.onnx}, or the resource {@code model_resource}
 * @param tokenizer {@code tokenizer/tokenizer.json}, or the resource {@code tokenizer_resource}
 * @param output which of the ONNX file's results are the hidden states, {@code [B, N, width]}
 * @param maxLength tokens of every prompt, the ones that the tokenizer adds and zeros included
 * @param width of the hidden states
 */
public record OnnxTextConfig(
        Path configuration, NamedContent model, NamedContent tokenizer, String output, int maxLength, int width) {
    /** The name by which {@code model_index.json} and the configuration say that they mean this. */
    public static final String CLASS = "OnnxTextEncoder";

    /** Where the file lies that is not a resource. */
    public static final String MODEL = "model.onnx";

    private static final Set<String> KEYS = Set.of(
            "model_resource",
            "model_sha256",
            "tokenizer_resource",
            "tokenizer_sha256",
            "artifact",
            "output",
            "max_length",
            "width");
    private static final Pattern RESOURCE =
            Pattern.compile("(?=.{1,240}$)[A-Za-z0-9_][\\w.-]*(/[A-Za-z0-9_][\\w.-]*)*");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern ARTIFACT = Pattern.compile("[\\w.-]{1,100}:[\\w.-]{1,100}:[\\w.-]{1,100}");

    static OnnxTextConfig of(JsonFile config) {
        config.requireOnly("_class_name", CLASS);
        config.refuseKeysOtherThan(KEYS);
        Path folder = config.path().resolveSibling("");
        return new OnnxTextConfig(
                config.path(),
                content(config, "model", folder.resolve(MODEL)),
                content(config, "tokenizer", folder.resolveSibling("tokenizer/tokenizer.json")),
                config.text("output").orElse("last_hidden_state"),
                config.count("max_length", Limits.POSITIONS)
                        .orElseThrow(() -> config.fault("max_length", "the number of tokens that prompts have")),
                config.count("width", Limits.WIDTH)
                        .orElseThrow(() -> config.fault("width", "the width of the hidden states")));
    }

    private static NamedContent content(JsonFile config, String part, Path file) {
        if (!config.has(part + "_resource")) {
            if (!Files.isRegularFile(file)) { // a pipe or a device may never end
                throw new ModelException("%s does not exist, or is not a file".formatted(file));
            }
            boolean named = config.has(part + "_sha256");
            return new NamedContent.InFolder(file, named ? sha256(config, part) : null);
        }
        return new NamedContent.OnClassPath(
                matching(config, part + "_resource", RESOURCE, "the name of a class-path resource"),
                sha256(config, part),
                matching(config, "artifact", ARTIFACT, "Maven coordinates, group:artifact:version"));
    }

    private static String sha256(JsonFile config, String part) {
        return matching(config, part + "_sha256", SHA256, "64 lower-case hex digits");
    }

    private static String matching(JsonFile config, String key, Pattern form, String wanted) {
        return config.text(key)
                .filter(text -> form.matcher(text).matches())
                .orElseThrow(() -> config.fault(key, wanted));
    }

    /** What is a resource on the class path. */
    public List<NamedContent.OnClassPath> resources() {
        List<NamedContent.OnClassPath> resources = new ArrayList<>();
        for (NamedContent content : List.of(model, tokenizer)) {
            if (content instanceof NamedContent.OnClassPath resource) {
                resources.add(resource);
            }
        }
        return resources;
    }

    /** The configuration, and the ONNX file if it lies in the folder. */
    List<Path> files() {
        return model instanceof NamedContent.InFolder own ? List.of(configuration, own.file()) : List.of(configuration);
    }
}
