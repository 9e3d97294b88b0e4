package dev.swiftbrush.runtime.network;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.weights.Messages;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.BinaryOperator;

/**
 * The tensors of one network in an original checkpoint, without the prefix that they share there.
 *
 * @param network what messages call it
 */
record LdmTensors(Path file, String network, String prefix, NavigableMap<String, StoredTensor> byName) {
    private static final int SEGMENTS = 5; // of the longest beginning of a name that is renamed

    static LdmTensors of(Path file, String network, String prefix, Map<String, StoredTensor> all) {
        NavigableMap<String, StoredTensor> own = new TreeMap<>();
        all.forEach((name, tensor) -> {
            if (name.startsWith(prefix)) {
                own.put(name.substring(prefix.length()), tensor);
            }
        });
        return new LdmTensors(file, network, prefix, own);
    }

    boolean isEmpty() {
        return byName.isEmpty();
    }

    boolean has(String name) {
        return byName.containsKey(name);
    }

    boolean hasBelow(String start) {
        String next = byName.ceilingKey(start);
        return next != null && next.startsWith(start);
    }

    /** How many there are of {@code start0}, {@code start1}, ..., where {@code start} ends with a dot. */
    int count(String start) {
        int count = 0;
        while (hasBelow(start + count + ".")) {
            count++;
        }
        return count;
    }

    /**
     * One size of a tensor.
     *
     * @throws ModelException if there is no such tensor, it has fewer dimensions, or the size is not from 1 to {@code most}
     */
    int size(String name, int dimension, int most) {
        StoredTensor tensor = byName.get(name);
        if (tensor == null) {
            throw new ModelException("%s has no tensor %s, which tells the size of its %s"
                    .formatted(file, Messages.quoted(prefix + name), network));
        }
        if (tensor.shape().size() <= dimension
                || tensor.shape().get(dimension) < 1
                || tensor.shape().get(dimension) > most) {
            throw new ModelException("%s: %s is %s; 1 to %d were expected in dimension %d"
                    .formatted(file, Messages.quoted(prefix + name), tensor.shape(), most, dimension));
        }
        return tensor.shape().get(dimension).intValue();
    }

    int size(String name, int dimension) {
        return size(name, dimension, Limits.WIDTH);
    }

    /**
     * The tensors by new names. A name that begins with none of {@code beginnings} stays as it is, and is found to be surplus.
     *
     * @param beginnings the new beginning of names by the old one, without the dot behind it; none is the beginning of another
     * @param rest from a new beginning and the old rest of a name to the new rest
     */
    Map<String, StoredTensor> renamed(Map<String, String> beginnings, BinaryOperator<String> rest) {
        Map<String, StoredTensor> result = new LinkedHashMap<>();
        byName.forEach((name, tensor) -> {
            String renamed = name;
            int dot = name.indexOf('.');
            for (int i = 0; i < SEGMENTS && dot > 0; i++, dot = name.indexOf('.', dot + 1)) {
                String beginning = beginnings.get(name.substring(0, dot));
                if (beginning != null) {
                    renamed = beginning + "." + rest.apply(beginning, name.substring(dot + 1));
                    break;
                }
            }
            WeightNames.put(result, renamed, tensor);
        });
        return result;
    }
}
