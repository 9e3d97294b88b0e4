package dev.swiftbrush.runtime.export;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.network.Checkpoint;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A graph that ONNX Runtime can open. It refuses external data that a symbolic link leads out of the folder, as the links
 * of a hub's cache do, so weights are named by where they truly lie, relative to the folder that holds them all.
 *
 * @param bytes an ONNX model
 * @param root what the locations of its weights are relative to
 */
public record LocatedGraph(byte[] bytes, Path root) {

    /** Finds the weights of {@code graph}, which are called as {@link Checkpoint#nameOf} says. */
    public static LocatedGraph of(ModelProto graph, Checkpoint checkpoint) {
        Map<String, @Nullable Path> elsewhere = new HashMap<>();
        elsewhere.put(Checkpoint.DECODER, checkpoint.decoderFolder());
        elsewhere.put(Checkpoint.HALF, checkpoint.halfFolder());
        return of(graph, checkpoint.folder(), elsewhere);
    }

    /** Finds the weights of {@code graph}, whose locations are relative to {@code folder}. */
    public static LocatedGraph of(ModelProto graph, Path folder) {
        return of(graph, folder, Map.of());
    }

    /** @param elsewhere folders by what the names of their files begin with; null for one that is not there */
    private static LocatedGraph of(ModelProto graph, Path folder, Map<String, @Nullable Path> elsewhere) {
        ModelProto.Builder model = graph.toBuilder();
        List<StringStringEntryProto.Builder> locations = model.getGraphBuilder().getInitializerBuilderList().stream()
                .flatMap(tensor -> tensor.getExternalDataBuilderList().stream())
                .filter(entry -> entry.getKey().equals(Graph.LOCATION))
                .toList();
        Map<String, Path> files = new HashMap<>();
        for (StringStringEntryProto.Builder location : locations) {
            files.computeIfAbsent(location.getValue(), name -> real(file(name, folder, elsewhere)));
        }
        Path root = commonFolder(folder, files.values());
        for (StringStringEntryProto.Builder location : locations) {
            Path file = files.get(location.getValue());
            location.setValue(root.relativize(file).toString().replace('\\', '/'));
        }
        return new LocatedGraph(model.build().toByteArray(), root);
    }

    private static Path file(String location, Path folder, Map<String, @Nullable Path> elsewhere) {
        for (Map.Entry<String, @Nullable Path> other : elsewhere.entrySet()) {
            Path path = other.getValue();
            if (path != null && location.startsWith(other.getKey())) {
                return inside(path, location.substring(other.getKey().length()));
            }
        }
        return inside(folder, location);
    }

    /** Where a link leads is the model's own affair; a graph names nothing outside of the model's folder. */
    private static Path inside(Path folder, String location) {
        Path file = folder.resolve(location).normalize();
        if (!file.startsWith(folder.normalize())) {
            throw new ModelException("a graph of %s names weights outside of it: %s".formatted(folder, location));
        }
        return file;
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
        // ONNX Runtime for Java hands paths over in modified UTF-8, which has no characters beyond U+FFFF; locations
        // are fine
        while (common.getParent() != null
                && common.toString().codePoints().anyMatch(Character::isSupplementaryCodePoint)) {
            common = common.getParent();
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
