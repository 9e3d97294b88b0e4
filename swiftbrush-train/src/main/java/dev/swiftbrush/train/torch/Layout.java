package dev.swiftbrush.train.torch;

import dev.swiftbrush.runtime.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;

/** Where each named weight lies in one flat tensor. Immutable. */
final class Layout {
    /** Weights start at multiples of this many elements: 64 bytes in half precision. */
    private static final long ALIGNMENT = 32;

    /** A weight's place. */
    record Slot(long offset, long elements, Shape shape) {}

    private final Map<String, Slot> slots = new LinkedHashMap<>();
    private final long elements;

    Layout(Map<String, Shape> shapes) {
        long offset = 0;
        for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
            Shape shape = entry.getValue();
            long elements = LongStream.of(shape.sizes()).reduce(1, Math::multiplyExact);
            slots.put(entry.getKey(), new Slot(offset, elements, shape));
            offset += (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }
        this.elements = offset;
    }

    /** Elements of the flat tensor, gaps included. */
    long elements() {
        return elements;
    }

    Set<String> names() {
        return slots.keySet();
    }

    Slot slot(String name) {
        Slot slot = slots.get(name);
        if (slot == null) {
            throw new IllegalArgumentException("there is no weight '%s' among the %d".formatted(name, slots.size()));
        }
        return slot;
    }
}
