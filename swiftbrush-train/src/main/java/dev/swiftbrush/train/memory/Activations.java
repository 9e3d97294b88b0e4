package dev.swiftbrush.train.memory;

import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.weights.Weights;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * Counts the memory of one forward pass by going through a network with {@link CountedTensor}s: what libtorch keeps for the
 * backward pass, and what is alive beside it. Use once, from one thread.
 */
final class Activations implements Weights {
    /** A tensor's memory; views share it. */
    static final class Storage {
        private final long bytes;

        Storage(long bytes) {
            this.bytes = bytes;
        }

        long bytes() {
            return bytes;
        }
    }

    private final DType type;
    private final boolean gradients;
    private final boolean recomputes;
    private final Set<Storage> saved = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Deque<List<Storage>> blocks = new ArrayDeque<>();
    private long alive;
    private long peak;

    /**
     * @param gradients whether the pass keeps what a backward pass needs
     * @param recomputes whether only the inputs of blocks are kept for it
     */
    Activations(DType type, boolean gradients, boolean recomputes) {
        this.type = type;
        this.gradients = gradients;
        this.recomputes = recomputes;
        blocks.push(new ArrayList<>());
    }

    /** The greatest number of bytes that were alive at once, those of weights aside. */
    long peak() {
        return peak;
    }

    DType type() {
        return type;
    }

    CountedTensor input(long... sizes) {
        return new CountedTensor(this, Shape.of(sizes), allocate(Shape.of(sizes)));
    }

    Storage allocate(Shape shape) {
        Storage storage = new Storage(LongStream.of(shape.sizes()).reduce(type.bytes(), Math::multiplyExact));
        blocks.element().add(storage);
        alive += storage.bytes();
        peak = Math.max(peak, alive);
        return storage;
    }

    /** Notes that the backward pass needs {@code storage}. */
    void save(Storage storage) {
        boolean runAgain = recomputes && blocks.size() > 1;
        if (gradients && !runAgain) {
            saved.add(storage);
        }
    }

    @Override
    public Tensor get(String name, long... sizes) {
        return new CountedTensor(this, Shape.of(sizes), new Storage(0));
    }

    /** What a block made is freed when it ends, but for its result and what is kept for the backward pass. */
    @Override
    public Tensor block(Block block, Tensor... inputs) {
        for (Tensor input : inputs) {
            save(((CountedTensor) input).storage());
        }
        blocks.push(new ArrayList<>());
        CountedTensor output = (CountedTensor) block.apply(inputs);
        for (Storage storage : blocks.pop()) {
            if (storage == output.storage() || saved.contains(storage)) {
                blocks.element().add(storage);
            } else {
                alive -= storage.bytes();
            }
        }
        return output;
    }
}
