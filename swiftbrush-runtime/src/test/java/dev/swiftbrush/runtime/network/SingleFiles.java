package dev.swiftbrush.runtime.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.SafetensorsWriter;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/** Checkpoints written as the single files of old, by the names that {@code tools/reference/single_file.py} recorded. */
public final class SingleFiles {
    /** Families of the tiny checkpoints: what their shapes do not tell. */
    static final LdmFamily TINY_SD1 = new LdmFamily(
            LdmFamily.SD1.name(),
            LdmFamily.SD1.textLayers(),
            width -> 2,
            LdmFamily.SD1.textActivation(),
            channels -> channels.stream().map(width -> 4).toList(),
            4,
            4,
            8,
            LdmFamily.SD1.padToken());

    static final LdmFamily TINY_SD2 = new LdmFamily(
            LdmFamily.SD2.name(),
            3,
            width -> 3,
            LdmFamily.SD2.textActivation(),
            channels -> List.of(1, 2, 4, 4),
            2,
            4,
            16,
            LdmFamily.SD2.padToken());

    private SingleFiles() {}

    /** A tensor of a single file, and the tensors of a component that are its parts in diffusers layout. */
    record Row(String name, String component, List<String> parts, List<Long> shape) {}

    /** The content of a tensor. */
    public record Content(DType type, List<Long> shape, byte[] bytes) {}

    static List<Row> rows(String name) {
        List<Row> rows = new ArrayList<>();
        try (InputStream in = SingleFiles.class.getResourceAsStream("/single-file/%s.json.gz".formatted(name))) {
            for (JsonNode row : new ObjectMapper().readTree(new GZIPInputStream(in))) {
                List<String> parts = new ArrayList<>();
                row.get(2).forEach(part -> parts.add(part.asText()));
                List<Long> shape = new ArrayList<>();
                row.get(3).forEach(size -> shape.add(size.asLong()));
                rows.add(new Row(row.get(0).asText(), row.get(1).asText(), parts, shape));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return rows;
    }

    /** The weights of {@code checkpoint} as a single file has them, by the names recorded as {@code names}. */
    public static Map<String, Content> contents(Checkpoint checkpoint, String names) {
        Map<String, Map<String, StoredTensor>> components = Map.of(
                "unet", checkpoint.unetWeights().tensors(),
                "vae", checkpoint.vaeWeights().tensors(),
                "text_encoder", checkpoint.clip().weights().tensors());
        Map<String, Content> contents = new TreeMap<>();
        try (MappedWeights mapped = new MappedWeights()) {
            for (Row row : rows(names)) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                StoredTensor first =
                        components.get(row.component()).get(row.parts().get(0));
                for (String part : row.parts()) {
                    bytes.writeBytes(
                            bytes(mapped, components.get(row.component()).get(part)));
                }
                List<Long> shape = new ArrayList<>(first.shape());
                shape.set(0, shape.get(0) * row.parts().size());
                if (row.name().contains(".attn_1.") && shape.size() == 2) {
                    shape.addAll(List.of(1L, 1L));
                }
                contents.put(row.name(), new Content(first.dtype(), shape, bytes.toByteArray()));
            }
        }
        return contents;
    }

    static byte[] bytes(MappedWeights mapped, StoredTensor tensor) {
        byte[] bytes = new byte[Math.toIntExact(tensor.byteLength())];
        mapped.map(tensor).get(bytes);
        return bytes;
    }

    /** Adds what published files hold beside the networks. */
    public static void addSurplus(Map<String, Content> contents) {
        Map<String, Content> more = new LinkedHashMap<>();
        contents.forEach((name, content) -> {
            Content zeros = new Content(content.type(), content.shape(), new byte[content.bytes().length]);
            if (name.startsWith("model.diffusion_model.")) {
                more.put("model_ema." + name.substring("model.".length()).replace(".", ""), zeros);
            }
        });
        more.put("model_ema.decay", new Content(DType.F32, List.of(), new byte[4]));
        more.put("alphas_cumprod", new Content(DType.F32, List.of(1000L), new byte[4000]));
        more.put("global_step", new Content(DType.I64, List.of(), new byte[8]));
        contents.putAll(more);
    }

    /** Adds the layer of OpenCLIP that is not read, as a copy of the first, and what stands behind it. */
    public static void addLayerOfOpenClip(Map<String, Content> contents, int number) {
        String layers = "cond_stage_model.model.transformer.resblocks.";
        Map<String, Content> more = new LinkedHashMap<>();
        contents.forEach((name, content) -> {
            if (name.startsWith(layers + "0.")) {
                more.put(name.replace(layers + "0.", layers + number + "."), content);
            }
        });
        more.put("cond_stage_model.model.text_projection", new Content(DType.F32, List.of(2L, 2L), new byte[16]));
        more.put("cond_stage_model.model.logit_scale", new Content(DType.F32, List.of(), new byte[4]));
        contents.putAll(more);
    }

    public static void write(Path file, Map<String, Content> contents, Map<String, String> metadata) {
        List<SafetensorsWriter.Declaration> declarations = new ArrayList<>();
        contents.forEach((name, content) ->
                declarations.add(new SafetensorsWriter.Declaration(name, content.type(), content.shape())));
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, declarations, metadata)) {
            contents.forEach((name, content) -> writer.write(name, ByteBuffer.wrap(content.bytes())));
        }
    }
}
