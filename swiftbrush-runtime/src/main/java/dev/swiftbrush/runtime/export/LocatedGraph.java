package dev.swiftbrush.runtime.export;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A graph that ONNX Runtime can open. It refuses external data that a symbolic link leads out of the folder, as the links
 * of a hub's cache do, so weights are named by where they truly lie, relative to the folder that holds them all.
 *
 * @param bytes an ONNX model
 * @param root what the locations of its weights are relative to
 */
public record LocatedGraph(byte[] bytes, Path root) {

    /** Finds the weights of {@code graph}, whose locations are relative to {@code folder}. */
    public static LocatedGraph of(ModelProto graph, Path folder) {
        ModelProto.Builder model = graph.toBuilder();
        List<StringStringEntryProto.Builder> locations = model.getGraphBuilder().getInitializerBuilderList().stream()
                .flatMap(tensor -> tensor.getExternalDataBuilderList().stream())
                .filter(entry -> entry.getKey().equals(Graph.LOCATION))
                .toList();
        Map<String, Path> files = new HashMap<>();
        for (StringStringEntryProto.Builder location : locations) {
            files.computeIfAbsent(location.getValue(), file -> real(folder.resolve(file)));
        }
        Path root = commonFolder(folder, files.values());
        for (StringStringEntryProto.Builder location : locations) {
            Path file = files.get(location.getValue());
            location.setValue(root.relativize(file).toString().replace('\\', '/'));
        }
        return new LocatedGraph(model.build().toByteArray(), root);
    }

    private static Path commonFolder(Path folder, Collection<Path> files) {
        Path common = real(folder);
        for (Path file : files) {
            while (!file.startsWith(common)) {
                common = common.getParent();
                if (common == null) {
                    throw new ModelException(
                            "%s lies on another drive than %s; keep a model's files on one".formatted(file, folder));
                }
            }
        }
        return common;
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (NoSuchFileException e) {
            throw new ModelException("%s does not exist, or is a link to a file that does not".formatted(path), e);
        } catch (IOException e) {
            throw new ModelException("%s cannot be read: %s".formatted(path, e), e);
        }
    }
}
