package dev.swiftbrush.examples.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/** The graphs in a cache and when they were written, by which a start that exports is told from one that does not. */
record GraphFiles(Map<Path, String> states) {

    static GraphFiles in(Path cache) throws IOException {
        Map<Path, String> states = new HashMap<>();
        Path graphs = cache.resolve("graphs");
        if (Files.isDirectory(graphs)) {
            try (Stream<Path> files = Files.walk(graphs)) {
                for (Path file :
                        files.filter(path -> path.toString().endsWith(".onnx")).toList()) {
                    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
                    states.put(file, attributes.fileKey() + " " + attributes.lastModifiedTime());
                }
            }
        }
        return new GraphFiles(states);
    }

    /** How many of these were written since. */
    int writtenSince(GraphFiles before) {
        return (int) states.entrySet().stream()
                .filter(entry -> !entry.getValue().equals(before.states.get(entry.getKey())))
                .count();
    }
}
