package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.Licence;
import dev.swiftbrush.runtime.hub.Licences;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.TextNetwork;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipe;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

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
        Stream<Path> networks = checkpoints.stream()
                .flatMap(checkpoint -> Stream.of(
                        checkpoint.textEncoder().files(),
                        checkpoint.unetWeights().files(),
                        checkpoint.vaeWeights().files()))
                .flatMap(List::stream);
        Stream<Path> tokenizer = PromptTokenizer.FILES.stream()
                .map(path.resolve(TOKENIZER)::resolve)
                .filter(Files::exists);
        Map<String, String> hashes = new HashMap<>();
        Stream.concat(networks, tokenizer)
                .distinct()
                .forEach(file ->
                        hashes.put(path.relativize(file).toString().replace(File.separatorChar, '/'), known.of(file)));
        checkpoints.stream()
                .map(Checkpoint::textEncoder)
                .filter(TextNetwork.Onnx.class::isInstance)
                .flatMap(encoder -> ((TextNetwork.Onnx) encoder).config().resources().stream())
                .forEach(resource -> hashes.put(resource.toString(), resource.sha256())); // checked when they are read
        return hashes;
    }
}
