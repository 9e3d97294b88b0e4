package dev.swiftbrush.runtime.reference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A checkpoint and what the reference made of it, as recorded by {@code tools/reference}. */
public final class Reference {
    private final Path folder;
    private final Map<String, StoredTensor> tensors;
    private final JsonNode json;
    private final List<Case> cases = new ArrayList<>();

    /** Prompts and seeds that were drawn together, by one recipe in one size. */
    public record Case(Reference reference, JsonNode json) {
        public String name() {
            return json.get("name").asText();
        }

        public String recipe() {
            return json.path("recipe").path("name").asText();
        }

        public List<String> prompts() {
            List<String> prompts = new ArrayList<>();
            json.get("prompts").forEach(prompt -> prompts.add(prompt.asText()));
            return prompts;
        }

        public List<Long> seeds() {
            List<Long> seeds = new ArrayList<>();
            json.get("seeds").forEach(seed -> seeds.add(seed.asLong()));
            return seeds;
        }

        public int width() {
            return json.get("width").asInt();
        }

        public int height() {
            return json.get("height").asInt();
        }

        public float[] floats(String value) {
            return reference.floats(name() + "." + value);
        }

        public long[] integers(String value) {
            LongBuffer buffer = bytes(value).asLongBuffer();
            long[] integers = new long[buffer.remaining()];
            buffer.get(integers);
            return integers;
        }

        public long[] sizes(String value) {
            return reference.tensors.get(name() + "." + value).sizes();
        }

        public ByteBuffer bytes(String value) {
            return reference.bytes(name() + "." + value);
        }

        @Override
        public String toString() {
            return reference.folder.getFileName() + "/" + name();
        }
    }

    private Reference(Path folder) {
        this.folder = folder;
        this.tensors = Safetensors.open(folder.resolve("reference.safetensors")).tensors();
        try {
            this.json =
                    new ObjectMapper().readTree(folder.resolve("reference.json").toFile());
            json.get("cases").forEach(each -> cases.add(new Case(this, each)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Reference of(Path folder) {
        return new Reference(folder);
    }

    public static Path folder(String checkpoint) {
        return Path.of("src/test/resources/reference", checkpoint).toAbsolutePath();
    }

    public static Stream<Reference> all() {
        return Stream.of("sd2", "sd1", "odd", "lcm", "taesd").map(name -> of(folder(name)));
    }

    public static Stream<Case> allCases() {
        return all().flatMap(reference -> reference.cases.stream());
    }

    public Path folder() {
        return folder;
    }

    public List<Case> cases() {
        return cases;
    }

    /** The size in which the checkpoint draws by itself. */
    public ImageSize defaultSize() {
        return new ImageSize(
                json.get("default_width").asInt(), json.get("default_height").asInt());
    }

    /** Keys of the UNet's configuration that a sweep set as no Stable Diffusion checkpoint does; mostly none. */
    public List<String> rareSettings() {
        List<String> keys = new ArrayList<>();
        json.path("choices").path("rare").forEach(key -> keys.add(key.asText()));
        return keys;
    }

    /** Whether the encoder of the autoencoder was recorded; of a tiny one the decoder alone is used. */
    public boolean hasEncoder() {
        return tensors.containsKey("encoder.moments");
    }

    public float[] floats(String name) {
        try (MappedWeights mapped = new MappedWeights()) {
            return mapped.floats(tensors.get(name));
        }
    }

    public ByteBuffer bytes(String name) {
        try (MappedWeights mapped = new MappedWeights()) {
            return mapped.map(tensors.get(name));
        }
    }

    public long[] sizes(String name) {
        return tensors.get(name).sizes();
    }

    @Override
    public String toString() {
        return folder.getFileName().toString();
    }
}
