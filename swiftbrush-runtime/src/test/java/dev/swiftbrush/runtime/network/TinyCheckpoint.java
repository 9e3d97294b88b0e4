package dev.swiftbrush.runtime.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.runtime.json.Json;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.SafetensorsWriter;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A copy of a reference checkpoint that a test may spoil. */
public record TinyCheckpoint(Path folder) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Where a tensor of a rewritten file comes from, and what it becomes. */
    public record Content(DType type, List<Long> shape, byte[] bytes) {}

    /** Copies the reference checkpoint {@code name} into {@code folder}, which must not exist. */
    public static TinyCheckpoint copy(String name, Path folder) {
        Path source = Path.of("src/test/resources/reference", name);
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(source.relativize(file).toString()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new TinyCheckpoint(folder);
    }

    /** Puts the ONNX text encoder of the reference in the place of CLIP's. */
    public TinyCheckpoint withOnnxTextEncoder() {
        Path source = Path.of("src/test/resources/text-encoder");
        try {
            for (String part : List.of("text_encoder", "tokenizer")) {
                try (Stream<Path> old = Files.list(file(part))) {
                    for (Path file : old.toList()) {
                        Files.delete(file);
                    }
                }
            }
            for (String name :
                    List.of("text_encoder/config.json", "text_encoder/model.onnx", "tokenizer/tokenizer.json")) {
                Files.copy(source.resolve(name), file(name));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return with("model_index.json", """
                {"text_encoder": ["swiftbrush", "OnnxTextEncoder"], "tokenizer": ["tokenizers", "Tokenizer"]}""");
    }

    public Path file(String name) {
        return folder.resolve(name);
    }

    /** Sets the keys of {@code json} in the file {@code name}. */
    public TinyCheckpoint with(String name, String json) {
        try {
            ObjectNode root = (ObjectNode) MAPPER.readTree(file(name).toFile());
            for (Map.Entry<String, JsonNode> entry : Json.object(json).properties()) {
                root.set(entry.getKey(), entry.getValue());
            }
            MAPPER.writeValue(file(name).toFile(), root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Writes the weights in the file {@code name} anew, with what {@code change} does to them. */
    public TinyCheckpoint withWeights(String name, Consumer<Map<String, Content>> change) {
        Map<String, Content> contents = new LinkedHashMap<>();
        try (MappedWeights mapped = new MappedWeights()) {
            for (StoredTensor tensor : Safetensors.open(file(name)).tensors().values()) {
                byte[] bytes = new byte[Math.toIntExact(tensor.byteLength())];
                mapped.map(tensor).get(bytes);
                contents.put(tensor.name(), new Content(tensor.dtype(), tensor.shape(), bytes));
            }
        }
        change.accept(contents);
        List<SafetensorsWriter.Declaration> declarations = new ArrayList<>();
        contents.forEach((tensor, content) ->
                declarations.add(new SafetensorsWriter.Declaration(tensor, content.type(), content.shape())));
        try (SafetensorsWriter writer = SafetensorsWriter.create(file(name), declarations, Map.of())) {
            contents.forEach((tensor, content) -> writer.write(tensor, ByteBuffer.wrap(content.bytes())));
        }
        return this;
    }

    public Checkpoint open() {
        return Checkpoint.open(folder, false);
    }
}
