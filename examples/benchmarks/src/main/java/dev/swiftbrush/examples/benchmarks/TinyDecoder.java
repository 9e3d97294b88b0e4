package dev.swiftbrush.examples.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A decoder in TAESD's layout with random weights: what it draws says nothing, how long it takes is that of any. */
final class TinyDecoder {
    static final String CONFIG = "config.json";

    private TinyDecoder() {}

    static void write(Path folder, Architecture architecture) throws IOException {
        Files.createDirectories(folder);
        Files.write(folder.resolve(CONFIG), architecture.tinyConfig());
        RandomCheckpoint.writeWeights(
                folder.resolve("diffusion_pytorch_model.safetensors"),
                Architecture.declarations(architecture.tinyDecoder().weights()));
    }
}
