package dev.swiftbrush.runtime.export;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.swiftbrush.ModelException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An ONNX file that this project has not written, read and checked; its weights stay where they are. Immutable.
 *
 * @param path the file
 * @param model all of it but its larger weights, whose locations are relative to the model's folder
 * @param places where weights lie, relative to the model's folder, the file itself included
 * @param operators versions of the operator sets that it uses, by domain
 * @param inputs those that are no weights, by name
 * @param outputs by name, in the file's order
 */
record OnnxFile(
        Path path,
        ModelProto model,
        List<String> places,
        Map<String, Long> operators,
        Map<String, OnnxPort> inputs,
        Map<String, OnnxPort> outputs) {

    /**
     * Reads the file {@code name} in a model's folder.
     *
     * @throws ModelException if it is damaged, or wants something that is not supported
     */
    static OnnxFile read(Path folder, String name) {
        Path path = folder.resolve(name);
        OnnxReader reader = new OnnxReader(folder, name);
        ModelProto model = reader.read();
        Map<String, Long> operators = OnnxOperators.of(model, path);
        Set<String> weights = model.getGraph().getInitializerList().stream()
                .map(TensorProto::getName)
                .collect(toSet());
        List<ValueInfoProto> inputs = model.getGraph().getInputList().stream()
                .filter(input -> !weights.contains(input.getName()))
                .toList();
        return new OnnxFile(
                path,
                model,
                List.copyOf(reader.places()),
                operators,
                ports(inputs, path),
                ports(model.getGraph().getOutputList(), path));
    }

    private static Map<String, OnnxPort> ports(Collection<ValueInfoProto> values, Path path) {
        return values.stream()
                .map(value -> OnnxPort.of(value, path))
                .collect(toMap(OnnxPort::name, port -> port, (a, b) -> a, LinkedHashMap::new));
    }

    /**
     * Requires inputs of these names and no others.
     *
     * @param ranks the number of sizes that each may have, by name
     * @param optional names of inputs that need not be there
     */
    void requireInputs(Map<String, Set<Integer>> ranks, Set<String> optional) {
        Set<String> missing = new HashSet<>(ranks.keySet());
        missing.removeAll(inputs.keySet());
        missing.removeAll(optional);
        boolean fit = inputs.values().stream()
                .allMatch(port -> ranks.getOrDefault(port.name(), Set.of())
                        .contains(port.sizes().size()));
        if (!fit || !missing.isEmpty()) {
            String wanted = ranks.keySet().stream().sorted().collect(joining(", "));
            throw new ModelException("%s takes %s, but %s were expected; it is no export of this kind of network"
                    .formatted(path, inputs.values(), wanted));
        }
    }

    OnnxPort input(String name) {
        OnnxPort port = inputs.get(name);
        if (port == null) {
            throw new IllegalArgumentException("%s has no input '%s'".formatted(path, name));
        }
        return port;
    }

    /** The output of that name, else the only one. */
    OnnxPort output(String name, int rank) {
        OnnxPort port = outputs.get(name);
        if (port == null && outputs.size() == 1) {
            port = outputs.values().iterator().next();
        }
        if (port == null || port.sizes().size() != rank) {
            throw new ModelException(
                    "%s gives %s, but '%s' with %d sizes was expected".formatted(path, outputs.values(), name, rank));
        }
        return port;
    }
}
