package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.Licence;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.hub.Hub;
import dev.swiftbrush.runtime.hub.HubSettings;
import dev.swiftbrush.runtime.hub.Licences;
import dev.swiftbrush.runtime.modelfile.PackedModel;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.spi.EngineConfig;
import dev.swiftbrush.spi.ModelSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model's folder, wherever the model came from. Immutable and thread-safe.
 *
 * @param name the model's, as an image records it: the folder's, or {@code owner/name@commit}
 * @param hubId {@code owner/name}, or null if it is not from a hub
 */
record ModelFolder(Path path, String name, @Nullable String hubId) {
    private static final Logger log = LoggerFactory.getLogger(ModelFolder.class);

    /**
     * Finds the folder; a model from a hub is downloaded if it is not in the cache, but only if it can be opened, and a model
     * file is unpacked.
     *
     * @param cache where to unpack to
     * @param hub is asked for only if the model is from a hub
     */
    static ModelFolder of(EngineConfig config, boolean preferFp16, GraphCache cache, Supplier<HubSettings> hub) {
        if (config.model() instanceof ModelSource.Hub source) {
            Hub.Snapshot snapshot = new Hub(hub.get(), config.downloadListeners())
                    .open(source.id(), source.revision(), preferFp16, (folder, onnx) -> {
                        if (onnx) {
                            Checkpoint.requireOneEncoderAndUnet(folder);
                        } else {
                            Checkpoint.requireStableDiffusion(folder);
                        }
                        accepted(Licences.of(folder), source.toString(), config.licences());
                        Recipes.of(folder, config.recipe(), source.id());
                    });
            return new ModelFolder(snapshot.folder(), source.id() + "@" + snapshot.commit(), source.id());
        }
        if (config.model() instanceof ModelSource.ClassPath resource) {
            return unpacked(PackedModel.of(resource.manifest()), cache);
        }
        Path folder = ((ModelSource.Folder) config.model()).path();
        if (PackedModel.isNamedSo(folder) && Files.isRegularFile(folder)) {
            return unpacked(PackedModel.of(folder), cache);
        }
        return new ModelFolder(folder, lastName(folder), null);
    }

    private static ModelFolder unpacked(PackedModel model, GraphCache cache) {
        PackedModel.Unpacked unpacked = model.unpack(cache.models(), cache.fingerprints()::of);
        return new ModelFolder(unpacked.folder(), unpacked.name(), null);
    }

    /**
     * Logs the licence that the model states where it keeps from something.
     *
     * @param stated by the model
     * @param accepted identifiers or names; empty accepts any
     * @throws ModelException if it is not among those accepted
     */
    Licence licence(Licence stated, Set<String> accepted) {
        Licence licence = accepted(stated, name, accepted);
        if (!licence.isKnown()) {
            log.warn("{} states no licence: without one, nobody may use it but its author", name);
        } else if (licence.isNonCommercial()) {
            log.warn("{} is under {}, which is not for commercial use", name, licence);
        }
        return licence;
    }

    private static Licence accepted(Licence licence, String name, Set<String> accepted) {
        if (!accepted.isEmpty() && accepted.stream().noneMatch(licence::isCalled)) {
            String found = licence.isKnown() ? "is under " + licence : "states no licence";
            throw new ModelException(
                    "%s %s, but only %s is accepted; read the model's terms, and name its licence in requireLicence(...) if they suit"
                            .formatted(name, found, String.join(", ", new TreeSet<>(accepted))));
        }
        return licence;
    }

    /** How the model is laid out; a safety checker in it is left out of use, and the log says so. */
    ModelLayout layout() {
        if (Files.isDirectory(path.resolve("safety_checker"))) {
            log.info("{} has a safety checker, which is not run: what a picture shows is not checked", name);
        }
        return ModelLayout.of(path);
    }

    /** The folder's own name, also when it is given as {@code "."}. */
    private static String lastName(Path folder) {
        Path absolute = folder.toAbsolutePath().normalize();
        Path last = absolute.getFileName(); // absent if the folder is the root
        return (last == null ? absolute : last).toString();
    }
}
