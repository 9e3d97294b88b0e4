package dev.swiftbrush.runtime.reference;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** The folders of ONNX files that {@code tools/reference/onnx_folder.py} exported. */
public final class OnnxFolders {
    private OnnxFolders() {}

    /** Unpacks the export of a checkpoint. */
    public static Path unpack(String checkpoint, Path folder) {
        Path zip = Path.of("src/test/resources/onnx", checkpoint + ".zip").toAbsolutePath();
        try (InputStream file = Files.newInputStream(zip);
                ZipInputStream in = new ZipInputStream(file)) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                Path target = folder.resolve(entry.getName());
                Files.createDirectories(target.getParent());
                Files.copy(in, target);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }

    /** Writes an ONNX file anew, with what {@code change} does to it. */
    public static void edit(Path file, Consumer<ModelProto.Builder> change) {
        try {
            ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(file)).toBuilder();
            change.accept(model);
            Files.write(file, model.build().toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Fixes a size of an input. */
    public static void fix(Path file, String input, int axis, long size) {
        edit(file, model -> dimension(model.getGraphBuilder(), input, axis, size));
    }

    private static void dimension(GraphProto.Builder graph, String input, int axis, long size) {
        for (ValueInfoProto.Builder value : graph.getInputBuilderList()) {
            if (value.getName().equals(input)) {
                value.getTypeBuilder()
                        .getTensorTypeBuilder()
                        .getShapeBuilder()
                        .getDimBuilder(axis)
                        .setDimValue(size);
                return;
            }
        }
        throw new IllegalArgumentException(input);
    }
}
