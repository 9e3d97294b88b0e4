package dev.swiftbrush.runtime.hub;

import com.fasterxml.jackson.databind.JsonNode;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which files of a Stable Diffusion model are needed to run it: of a checkpoint in diffusers layout, or of ONNX files. */
final class ModelFiles {
    private ModelFiles() {}

    static final String INDEX = "model_index.json";
    static final long MAX_SHARD_INDEX_BYTES = 20_000_000;

    private static final List<String> REQUIRED_OF_ALL = List.of(INDEX, "scheduler/scheduler_config.json");
    private static final List<String> REQUIRED =
            List.of("text_encoder/config.json", "unet/config.json", "vae/config.json");
    private static final List<String> ONNX_CONFIGS = List.of("vae_decoder/config.json");

    private static final List<String> TOKENIZER = List.of("tokenizer/tokenizer.json");
    private static final List<String> OLD_TOKENIZER = List.of("tokenizer/vocab.json", "tokenizer/merges.txt");

    private static final List<String> OPTIONAL = List.of(
            "tokenizer/tokenizer_config.json",
            "tokenizer/special_tokens_map.json",
            "tokenizer/added_tokens.json",
            "swiftbrush.json",
            "README.md",
            "LICENSE",
            "LICENSE.md",
            "LICENSE.txt",
            "LICENCE");

    private static final Component UNET = new Component("unet", "diffusion_pytorch_model");
    private static final List<Component> COMPONENTS =
            List.of(new Component("text_encoder", "model"), UNET, new Component("vae", "diffusion_pytorch_model"));

    private static final List<String> ONNX =
            List.of("text_encoder/model.onnx", "unet/model.onnx", "vae_decoder/model.onnx");

    /** What exporters call the file beside a {@code model.onnx} that holds the weights: Optimum, PyTorch, diffusers. */
    private static final List<String> ONNX_WEIGHTS = List.of("model.onnx_data", "model.onnx.data", "weights.pb");

    private static final List<String> PICKLES = List.of(".bin", ".ckpt", ".pt", ".pth");
    private static final Pattern SHARD = Pattern.compile("[\\w.-]{1,240}\\.safetensors");
    private static final int MAX_SHARDS = 1_000;

    /** A network's folder, and what its files of weights are called. */
    private record Component(String folder, String base) {

        /** Where weights may be, the best first; the same that are looked for when the model is opened. */
        List<String> candidates(boolean preferFp16) {
            List<String> full = List.of(base + ".safetensors", base + ".safetensors.index.json");
            List<String> half = List.of(base + ".fp16.safetensors", base + ".safetensors.index.fp16.json");
            return (preferFp16 ? Stream.of(half, full) : Stream.of(full, half))
                    .flatMap(List::stream)
                    .map(name -> folder + "/" + name)
                    .toList();
        }

        Optional<String> choose(Collection<String> present, boolean preferFp16) {
            return candidates(preferFp16).stream().filter(present::contains).findFirst();
        }
    }

    /** Everything but weights. */
    static List<String> small(Set<String> present) {
        List<String> onnxConfigs = areOnnx(present) ? ONNX_CONFIGS : List.of();
        return Stream.of(REQUIRED_OF_ALL, REQUIRED, onnxConfigs, TOKENIZER, OLD_TOKENIZER, OPTIONAL)
                .flatMap(List::stream)
                .filter(present::contains)
                .toList();
    }

    /** Whether the networks of a model are ONNX files and nothing that would be taken rather. */
    static boolean areOnnx(Set<String> present) {
        return present.containsAll(ONNX) && UNET.choose(present, false).isEmpty();
    }

    /** The ONNX files, behind those with their weights: where the former are, the latter are too. */
    private static List<String> onnxWeights(Set<String> present) {
        Stream<String> weights = ONNX.stream()
                .map(file -> file.substring(0, file.lastIndexOf('/') + 1))
                .flatMap(folder -> ONNX_WEIGHTS.stream().map(folder::concat))
                .filter(present::contains);
        return Stream.concat(weights, ONNX.stream()).toList();
    }

    /** The lists of shards, of those networks whose weights are cut into shards. */
    static List<String> indices(Set<String> present, boolean preferFp16) {
        if (areOnnx(present)) {
            return List.of();
        }
        return COMPONENTS.stream()
                .flatMap(component -> component.choose(present, preferFp16).stream())
                .filter(ModelFiles::isIndex)
                .toList();
    }

    /**
     * The files of weights.
     *
     * @param onDisk where a list of shards is
     * @throws ModelException if a network has none, or a list names what the model has not
     */
    static List<String> weights(String model, Set<String> present, boolean preferFp16, Function<String, Path> onDisk) {
        if (areOnnx(present)) {
            return onnxWeights(present);
        }
        List<String> weights = new ArrayList<>();
        for (Component component : COMPONENTS) {
            String chosen = component
                    .choose(present, preferFp16)
                    .orElseThrow(() -> noWeights(model, component, present, preferFp16));
            for (String path : isIndex(chosen) ? shards(chosen, onDisk.apply(chosen)) : List.of(chosen)) {
                if (!present.contains(path)) {
                    throw new ModelException(
                            "%s: %s names the shard %s, which the model has not".formatted(model, chosen, path));
                }
                weights.add(path);
            }
        }
        return weights;
    }

    /** Whether everything that a model cannot do without is in {@code folder}, in whatever variant. */
    static boolean areIn(Path folder) {
        boolean tokenizer = exist(folder, TOKENIZER) || exist(folder, OLD_TOKENIZER);
        return tokenizer && exist(folder, REQUIRED_OF_ALL) && (areCheckpointsIn(folder) || areOnnxIn(folder));
    }

    private static boolean areOnnxIn(Path folder) {
        return exist(folder, ONNX)
                && UNET.candidates(false).stream().noneMatch(path -> Files.exists(folder.resolve(path)));
    }

    private static boolean areCheckpointsIn(Path folder) {
        return exist(folder, REQUIRED)
                && COMPONENTS.stream()
                        .allMatch(part -> hasWeights(folder, part, false) && hasWeights(folder, part, true));
    }

    /** Whether the weights that would be taken are whole. */
    private static boolean hasWeights(Path folder, Component component, boolean preferFp16) {
        return component.candidates(preferFp16).stream()
                .filter(path -> Files.exists(folder.resolve(path)))
                .findFirst()
                .filter(path -> !isIndex(path) || exist(folder, shards(path, folder.resolve(path))))
                .isPresent();
    }

    private static boolean isIndex(String path) {
        return path.endsWith(".json");
    }

    private static boolean exist(Path folder, Collection<String> paths) {
        return paths.stream().allMatch(path -> Files.exists(folder.resolve(path)));
    }

    /** The files that a list of shards names, which lie beside it. */
    private static Set<String> shards(String index, Path onDisk) {
        JsonFile json = JsonFile.read(onDisk, MAX_SHARD_INDEX_BYTES);
        String beside = index.substring(0, index.lastIndexOf('/') + 1);
        Set<String> shards = new LinkedHashSet<>();
        for (JsonNode shard : json.root().path("weight_map")) {
            if (!SHARD.matcher(shard.asText()).matches()) {
                throw json.fault("weight_map", "a list of .safetensors files beside the index");
            }
            shards.add(beside + shard.asText());
            if (shards.size() > MAX_SHARDS) {
                throw json.fault("weight_map", "a list of at most %d files".formatted(MAX_SHARDS));
            }
        }
        return shards;
    }

    private static ModelException noWeights(
            String model, Component component, Set<String> present, boolean preferFp16) {
        List<String> pickles = present.stream()
                .filter(path -> path.startsWith(component.folder() + "/")
                        && PICKLES.stream().anyMatch(path::endsWith))
                .sorted()
                .toList();
        if (pickles.isEmpty()) {
            return new ModelException("%s has no weights that can be used in %s/; looked for %s"
                    .formatted(model, component.folder(), String.join(", ", component.candidates(preferFp16))));
        }
        return new ModelException(
                "%s has only pickle weights in %s/ (%s), which can run code when loaded and are never loaded; load the model in Python, write it with save_pretrained(folder, safe_serialization=True), and open that folder"
                        .formatted(model, component.folder(), pickles.get(0)));
    }
}
