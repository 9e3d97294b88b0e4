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
import java.util.Map;

/** A checkpoint in one safetensors file, as it was first published; what the file lacks comes with this library. */
record OriginalFile(SingleFile file) implements ModelLayout {

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
        return Map.of(
                "model.safetensors", known.of(file.file()),
                "tokenizer", Fingerprints.sha256(ClipTokenizer.describePublished(file.padToken())));
    }
}
