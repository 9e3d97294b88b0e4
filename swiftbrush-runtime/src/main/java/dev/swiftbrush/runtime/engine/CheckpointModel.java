package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.Precision;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.pipeline.ModelShape;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipe;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint, whose networks this project writes.
 *
 * @param checkpoint without the weights of the {@code fp16} variant where there are others
 * @param variants the checkpoint as it is read for each type that a device computes in
 */
record CheckpointModel(Path path, ModelLayout layout, Checkpoint checkpoint, Map<DType, Checkpoint> variants)
        implements LoadedModel {

    /** @param decoder the folder of another decoder, or null for the checkpoint's own */
    static CheckpointModel load(Path path, ModelLayout layout, Set<DType> computes, @Nullable Path decoder) {
        Checkpoint checkpoint = checkpoint(layout, decoder, false);
        Map<DType, Checkpoint> variants = new EnumMap<>(DType.class);
        computes.forEach(
                type -> variants.put(type, type == DType.F16 ? checkpoint(layout, decoder, true) : checkpoint));
        return new CheckpointModel(path, layout, checkpoint, variants);
    }

    private static Checkpoint checkpoint(ModelLayout layout, @Nullable Path decoder, boolean preferFp16) {
        Checkpoint checkpoint = layout.checkpoint(preferFp16);
        return decoder == null ? checkpoint : checkpoint.withDecoder(decoder, preferFp16);
    }

    @Override
    public void requireFits(Recipe recipe) {
        OnnxEngine.requireGuidanceFits(path, checkpoint, recipe);
    }

    @Override
    public Map<String, String> hashes(Fingerprints known) {
        return layout.hashes(variants.values(), known);
    }

    @Override
    public PromptTokenizer openTokenizer() {
        return OnnxEngine.openTokenizer(path, layout, checkpoint);
    }

    @Override
    public ModelShape shape(int tokens) {
        return OnnxEngine.shape(path, checkpoint, tokens);
    }

    @Override
    public OnDevice on(ComputeDevice device, Precision precision, OneStep recipe, int tokens, GraphCache cache) {
        DType compute = DeviceModel.computeType(precision, device);
        Checkpoint own = Objects.requireNonNull(variants.get(compute));
        if (device instanceof ComputeDevice.Cpu cpu && cpu.lowMemory()) {
            own = cache.halves()
                    .of(own, Fingerprints.sha256(hashes(cache.fingerprints()).toString()));
        }
        return new DeviceModel(own, device, compute, recipe, tokens, cache);
    }
}
