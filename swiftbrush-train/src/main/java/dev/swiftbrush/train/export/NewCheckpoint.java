package dev.swiftbrush.train.export;

import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.AutoencoderConfig;
import dev.swiftbrush.runtime.network.AutoencoderKl;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.UNet2DConditionModel;
import dev.swiftbrush.runtime.network.UNetConfig;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.train.files.AtomicFolder;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Makes a checkpoint to be trained from scratch: the UNet and the autoencoder that two configurations describe, with random
 * weights. Text encoder and tokenizer are taken as they are; nobody trains those here. Immutable and thread-safe.
 *
 * @param design a diffusers folder without the weights of {@code unet/} and {@code vae/}; any that are there are not looked at
 * @param seed of the weights
 */
public record NewCheckpoint(Path design, long seed) {
    private static final String CONFIG = "config.json";
    private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";
    private static final List<String> KEPT = List.of("text_encoder", "tokenizer", "scheduler");
    private static final List<String> PICKLES = List.of(".bin", ".ckpt", ".pt", ".pth", ".pkl");

    /**
     * Writes the folder, whole or not at all.
     *
     * @param target must not exist, or be empty
     * @return {@code target}
     * @throws StorageException if the disk refuses
     * @throws dev.swiftbrush.ModelException if the design is incomplete or not supported
     */
    public Path write(Path target) {
        Path absolute = target.toAbsolutePath().normalize();
        UNet2DConditionModel unet = new UNet2DConditionModel(
                UNetConfig.of(JsonFile.read(design.resolve("unet").resolve(CONFIG))));
        AutoencoderKl vae = new AutoencoderKl(
                AutoencoderConfig.of(JsonFile.read(design.resolve("vae").resolve(CONFIG))));
        try {
            Files.createDirectories(absolute.resolveSibling(""));
            try (AtomicFolder folder = AtomicFolder.create(absolute)) {
                copy(design, folder.path());
                for (String part : KEPT) {
                    copy(
                            design.resolve(part),
                            Files.createDirectory(folder.path().resolve(part)));
                }
                network(folder.path(), "unet", unet.weights(), new InitialWeights(unet.weights(), seed, true));
                network(folder.path(), "vae", vae.weights(), new InitialWeights(vae.weights(), seed, false));
                Checkpoint.open(folder.path(), false);
                folder.commit();
            }
        } catch (IOException e) {
            throw StorageException.cannotWrite(target, e);
        }
        return target;
    }

    private void network(Path folder, String part, Map<String, Shape> shapes, WeightSource weights) throws IOException {
        Path own = Files.createDirectory(folder.resolve(part));
        TeacherParts.copy(design.resolve(part).resolve(CONFIG), own.resolve(CONFIG));
        WeightFile.write(own.resolve(WEIGHTS), shapes, name -> name, DType.F32, weights, Map.of("format", "pt"));
    }

    /** The files of one folder, but for pickles and hidden ones. */
    private static void copy(Path from, Path to) throws IOException {
        if (!Files.isDirectory(from)) {
            return;
        }
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = file.getFileName().toString();
                if (!name.startsWith(".") && PICKLES.stream().noneMatch(name::endsWith)) {
                    TeacherParts.copy(file, to.resolve(name));
                }
            }
        }
    }
}
