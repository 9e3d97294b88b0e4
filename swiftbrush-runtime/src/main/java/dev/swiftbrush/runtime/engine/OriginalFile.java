package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.Licence;
import dev.swiftbrush.runtime.hub.Licences;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.SingleFile;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Prediction;
import dev.swiftbrush.runtime.recipe.Recipe;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** A checkpoint in one safetensors file, as it was first published; what the file lacks comes with this library. */
record OriginalFile(SingleFile file) implements ModelLayout {
    private static final String MODEL = "model.safetensors";

    static OriginalFile open(Path path) {
        return new OriginalFile(SingleFile.open(path));
    }

    /** A licence that lies beside the file may be anything's, and is not read. */
    @Override
    public Licence licence() {
        return file.licence().map(Licences::stated).orElse(Licence.UNKNOWN);
    }

    @Override
    public OneStep resolve(Recipe recipe) {
        Prediction prediction = file.predictsV() ? Prediction.V : Prediction.EPSILON;
        return recipe.resolve(NoiseSchedule.ofStableDiffusion(file.file(), prediction));
    }

    @Override
    public Checkpoint checkpoint(boolean preferFp16) {
        return file.checkpoint();
    }

    @Override
    public ClipTokenizer tokenizer(int positions) {
        return ClipTokenizer.published(file.padToken(), positions);
    }

    @Override
    public Map<String, String> hashes(Collection<Checkpoint> checkpoints, Fingerprints known) {
        Map<String, String> hashes = new HashMap<>();
        for (Checkpoint checkpoint : checkpoints) {
            checkpoint
                    .files()
                    .forEach((name, read) -> hashes.put(read.equals(file.file()) ? MODEL : name, known.of(read)));
        }
        hashes.put("tokenizer", Fingerprints.sha256(ClipTokenizer.describePublished(file.padToken())));
        return hashes;
    }
}
