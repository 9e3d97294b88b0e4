package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.Licence;
import dev.swiftbrush.runtime.hub.Licences;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.TextNetwork;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipe;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** A folder with a folder for each part, as diffusers saves a pipeline. */
record DiffusersFolder(Path path) implements ModelLayout {
    private static final String TOKENIZER = "tokenizer";

    @Override
    public Licence licence() {
        return Licences.of(path);
    }

    @Override
    public OneStep resolve(Recipe recipe) {
        return recipe.resolve(path.resolve("scheduler/scheduler_config.json"));
    }

    @Override
    public Checkpoint checkpoint(boolean preferFp16) {
        return Checkpoint.open(path, preferFp16);
    }

    @Override
    public ClipTokenizer tokenizer(int positions) {
        return ClipTokenizer.open(path.resolve(TOKENIZER), positions);
    }

    @Override
    public Map<String, String> hashes(Collection<Checkpoint> checkpoints, Fingerprints known) {
        Map<String, Path> files = new HashMap<>();
        checkpoints.forEach(checkpoint -> files.putAll(checkpoint.files()));
        for (String name : PromptTokenizer.FILES) {
            Path file = path.resolve(TOKENIZER).resolve(name);
            if (Files.exists(file)) {
                files.put(TOKENIZER + "/" + name, file);
            }
        }
        Map<String, String> hashes = new HashMap<>();
        files.forEach((name, file) -> hashes.put(name, known.of(file)));
        checkpoints.stream()
                .map(Checkpoint::textEncoder)
                .filter(TextNetwork.Onnx.class::isInstance)
                .flatMap(encoder -> ((TextNetwork.Onnx) encoder).config().resources().stream())
                .forEach(resource -> hashes.put(resource.toString(), resource.sha256())); // checked when they are read
        return hashes;
    }
}
