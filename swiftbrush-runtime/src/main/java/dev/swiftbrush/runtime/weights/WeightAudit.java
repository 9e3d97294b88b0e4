package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Holds the tensors of a checkpoint against what its architecture asks for. */
public final class WeightAudit {
    private static final int NAMED = 8;
    private static final Set<DType> REAL = Set.of(DType.F64, DType.F32, DType.F16, DType.BF16);

    private WeightAudit() {}

    /**
     * Requires that {@code tensors} are exactly what the configuration in {@code folder} asks for.
     *
     * @throws ModelException that lists missing, unused and misshapen tensors, all in one message
     */
    public static void require(Path folder, Map<String, Shape> declared, Map<String, StoredTensor> tensors) {
        require(declared, tensors, "The weights in %s are not those of its config.json".formatted(folder));
    }

    /**
     * Requires that {@code tensors} are exactly what a network declared.
     *
     * @param complaint how the message begins
     * @throws ModelException that lists missing, unused and misshapen tensors, all in one message
     */
    public static void require(Map<String, Shape> declared, Map<String, StoredTensor> tensors, String complaint) {
        List<String> missing = new ArrayList<>();
        List<String> misshapen = new ArrayList<>();
        List<String> mistyped = new ArrayList<>();
        declared.forEach((name, shape) -> {
            StoredTensor tensor = tensors.get(name);
            if (tensor == null) {
                missing.add(name + " " + shape);
            } else if (!Shape.of(tensor.sizes()).equals(shape)) {
                misshapen.add("%s is %s, not %s".formatted(name, Shape.of(tensor.sizes()), shape));
            } else if (!REAL.contains(tensor.dtype())) {
                mistyped.add(name + " is " + tensor.dtype());
            }
        });
        List<String> unused = tensors.keySet().stream()
                .filter(name -> !declared.containsKey(name))
                .sorted()
                .map(Messages::quoted)
                .toList();

        List<String> faults = new ArrayList<>();
        describe(faults, "missing", missing);
        describe(faults, "misshapen", misshapen);
        describe(faults, "not of floating point", mistyped);
        describe(faults, "unused", unused);
        if (!faults.isEmpty()) {
            throw new ModelException(complaint + ": " + String.join("; ", faults));
        }
    }

    private static void describe(List<String> faults, String kind, List<String> names) {
        if (!names.isEmpty()) {
            String more = names.size() > NAMED ? " and %d more".formatted(names.size() - NAMED) : "";
            String named = String.join(", ", names.subList(0, Math.min(NAMED, names.size())));
            faults.add("%d %s (%s%s)".formatted(names.size(), kind, named, more));
        }
    }
}
