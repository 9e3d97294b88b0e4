package dev.swiftbrush.train.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.train.files.AtomicFolder;
import dev.swiftbrush.train.files.JsonOutput;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Writes a multi-step checkpoint again with one of its networks replaced. The folder is there whole or not at all; one that is
 * there is replaced. Immutable and thread-safe.
 *
 * @param start whose other parts are kept
 * @param target a folder
 * @param dtype of the new weights: F32 or F16
 */
public record CheckpointExport(Checkpoint start, Path target, DType dtype) {
    private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";
    private static final List<String> AS_THEY_ARE = List.of("model_index.json", "scheduler/scheduler_config.json");

    public CheckpointExport {
        WeightFile.requireFloat(dtype);
    }

    /**
     * With another UNet of the same architecture.
     *
     * @return the folder
     * @throws StorageException if the disk refuses
     * @throws dev.swiftbrush.ModelException if a weight is incomplete or not finite
     */
    public Path writeUNet(WeightSource weights) {
        return write(folder -> {
            new TeacherParts(start).place(folder);
            network(folder.resolve("unet"), start.unet().weights(), weights);
        });
    }

    /**
     * With another autoencoder of the same architecture.
     *
     * @param scalingFactor what its latents are to be multiplied with before a UNet sees them
     * @return the folder
     * @throws StorageException if the disk refuses
     * @throws dev.swiftbrush.ModelException if a weight is incomplete or not finite
     */
    public Path writeAutoencoder(WeightSource weights, double scalingFactor) {
        return write(folder -> {
            TeacherParts parts = new TeacherParts(start);
            parts.placeWithout(folder, "vae");
            ObjectNode config = JsonFile.read(start.folder().resolve("vae/config.json"))
                    .root()
                    .deepCopy();
            config.put("scaling_factor", scalingFactor);
            JsonOutput.write(folder.resolve("vae/config.json"), config);
            network(folder.resolve("vae"), start.autoencoder().weights(), weights);
        });
    }

    private void network(Path folder, Map<String, Shape> shapes, WeightSource weights) {
        WeightFile.write(folder.resolve(WEIGHTS), shapes, name -> name, dtype, weights, Map.of("format", "pt"));
    }

    private Path write(Filling filling) {
        Path absolute = target.toAbsolutePath().normalize();
        try {
            Files.createDirectories(absolute.resolveSibling(""));
            try (AtomicFolder folder = AtomicFolder.create(absolute)) {
                filling.fill(folder.path());
                for (String name : AS_THEY_ARE) {
                    TeacherParts.copy(
                            start.folder().resolve(name), folder.path().resolve(name));
                }
                Checkpoint.open(folder.path(), false);
                if (Files.exists(absolute)) {
                    folder.commitReplacing();
                } else {
                    folder.commit();
                }
            }
        } catch (IOException e) {
            throw StorageException.cannotWrite(target, e);
        }
        return target;
    }

    private interface Filling {
        void fill(Path folder) throws IOException;
    }
}
