package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.Checkpoint.Component;
import dev.swiftbrush.runtime.network.TextNetwork;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.SafetensorsWriter;
import dev.swiftbrush.runtime.weights.SafetensorsWriter.Declaration;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The weights of a checkpoint in half precision, kept in the cache, for who wants little memory taken and has them in single. Only
 * large matrices and kernels are; what does not fit into half precision stays as it is. Thread-safe, also between processes:
 * a file appears whole or not at all.
 */
final class HalfCopy {
    private static final Logger log = LoggerFactory.getLogger(HalfCopy.class);
    private static final long LARGE = 1 << 10; // elements
    private static final float GREATEST = 65_504; // in half precision

    private final Path entries;

    /** @param entries a folder of this object's own; made when needed */
    HalfCopy(Path entries) {
        this.entries = entries;
    }

    /**
     * The checkpoint, its UNet and CLIP's text encoder in at most half precision.
     *
     * @param hash of all its files
     * @throws ModelException if the copy cannot be written
     */
    Checkpoint of(Checkpoint checkpoint, String hash) {
        Component text = checkpoint.textEncoder() instanceof TextNetwork.Clip clip ? clip.weights() : null;
        if (!isLong(checkpoint.unetWeights()) && (text == null || !isLong(text))) {
            return checkpoint;
        }
        Path folder = entries.resolve(hash);
        Component unet = copy(checkpoint.unetWeights(), folder.resolve("unet.safetensors"));
        return checkpoint.withHalf(
                folder, unet, text == null ? unet : copy(text, folder.resolve("text_encoder.safetensors")));
    }

    private static boolean isLong(Component component) {
        return component.tensors().values().stream().anyMatch(HalfCopy::isLong);
    }

    private static boolean isLong(StoredTensor tensor) {
        return tensor.dtype() == DType.F32
                && tensor.elements() >= LARGE
                && tensor.shape().size() > 1;
    }

    private static Component copy(Component component, Path file) {
        if (!isWhole(component, file)) {
            log.info("Writing {}, weights in half precision; this happens once", file);
            write(component.tensors(), file);
        }
        List<Path> files = new ArrayList<>(component.files().subList(0, 1)); // the configuration
        files.add(file);
        return new Component(Safetensors.open(file).tensors(), files);
    }

    private static boolean isWhole(Component component, Path file) {
        if (!Files.exists(file)) {
            return false;
        }
        try {
            return Safetensors.open(file)
                    .tensors()
                    .keySet()
                    .equals(component.tensors().keySet());
        } catch (ModelException e) {
            log.warn("{} is damaged and is written anew: {}", file, e.getMessage());
            return false;
        }
    }

    private static void write(Map<String, StoredTensor> tensors, Path file) {
        try (MappedWeights weights = new MappedWeights()) {
            Files.createDirectories(file.getParent());
            List<Declaration> declared = new ArrayList<>();
            tensors.forEach((name, tensor) -> {
                DType type = isLong(tensor) && fits(weights, tensor) ? DType.F16 : tensor.dtype();
                declared.add(new Declaration(name, type, tensor.shape()));
            });
            try (SafetensorsWriter writer = SafetensorsWriter.create(file, declared, Map.of())) {
                tensors.forEach((name, tensor) ->
                        weights.read(tensor, piece -> writer.writeConverted(name, piece, tensor.dtype())));
            }
        } catch (IOException e) {
            throw new ModelException(
                    "%s cannot be written: %s; make it writable, call cacheDirectory(Path), or lowMemory(false)"
                            .formatted(file, e),
                    e);
        }
    }

    private static boolean fits(MappedWeights weights, StoredTensor tensor) {
        boolean[] all = {true};
        weights.read(tensor, piece -> all[0] = all[0] && fits(piece));
        return all[0];
    }

    private static boolean fits(ByteBuffer floats) {
        while (floats.hasRemaining()) {
            if (!(Math.abs(floats.getFloat()) <= GREATEST)) {
                return false;
            }
        }
        return true;
    }
}
