package dev.swiftbrush.train.data;

import dev.swiftbrush.Device;
import dev.swiftbrush.runtime.engine.PromptEncoder;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The runtime's own text encoder. */
final class CheckpointTextEncoder implements TextEncoder {
    private final PromptEncoder encoder;
    private final String fingerprint;

    private CheckpointTextEncoder(PromptEncoder encoder, String fingerprint) {
        this.encoder = encoder;
        this.fingerprint = fingerprint;
    }

    static TextEncoder open(Path checkpoint, Device device) {
        String fingerprint = fingerprint(checkpoint);
        return new CheckpointTextEncoder(PromptEncoder.open(checkpoint, device), fingerprint);
    }

    static String fingerprint(Path checkpoint) {
        Path tokenizer = checkpoint.resolve("tokenizer");
        List<Path> files = Stream.concat(
                        Checkpoint.open(checkpoint, false).textEncoder().files().stream(),
                        PromptTokenizer.FILES.stream().map(tokenizer::resolve).filter(Files::exists))
                .toList();
        Sha256 hash = new Sha256();
        for (Path file : files) {
            try {
                hash.text(file.getFileName().toString()).text(Sha256.of(file));
            } catch (IOException e) {
                throw StorageException.cannotRead(file, e);
            }
        }
        return hash.hex();
    }

    @Override
    public int tokens() {
        return encoder.tokens();
    }

    @Override
    public int width() {
        return encoder.width();
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }

    @Override
    public void encode(List<String> prompts, FloatBuffer out) {
        encoder.encode(prompts, out);
    }

    @Override
    public void close() {
        encoder.close();
    }
}
