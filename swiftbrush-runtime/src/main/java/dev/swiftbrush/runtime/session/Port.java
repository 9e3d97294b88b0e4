package dev.swiftbrush.runtime.session;

import dev.swiftbrush.runtime.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a graph says of a tensor that it takes or gives.
 *
 * @param type null if it is of a type that is not supported here, or no tensor
 * @param sizes {@link #FREE} for one that any number will do for
 */
public record Port(@Nullable DType type, List<Long> sizes) {
    /** Stands for a size that is not fixed. */
    public static final long FREE = -1;

    public Port {
        sizes = List.copyOf(sizes);
    }

    /** Whether this has the type and the sizes given. */
    public boolean accepts(DType wanted, long... wantedSizes) {
        return type == wanted && sizes.equals(Arrays.stream(wantedSizes).boxed().toList());
    }

    @Override
    public String toString() {
        String each =
                sizes.stream().map(size -> size == FREE ? "?" : size.toString()).collect(Collectors.joining(", "));
        return (type == null ? "something else" : type) + " [" + each + "]";
    }
}
