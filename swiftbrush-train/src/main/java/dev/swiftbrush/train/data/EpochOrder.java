package dev.swiftbrush.train.data;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The order in which samples come: epoch after epoch, each a permutation of all of them drawn from the seed and the epoch's
 * number alone. A position in a run is therefore all that has to be kept to go on with it. Thread-safe.
 *
 * <p>Shuffled by Fisher and Yates with SplitMix64, which stay the same on every JVM.
 *
 * @see <a href="https://doi.org/10.1145/2714064.2660195">SplitMix64</a>
 */
public final class EpochOrder {
    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

    private final int count;
    private final long seed;
    private volatile @Nullable Epoch last;

    private record Epoch(long number, int[] order) {}

    /** @param count samples in an epoch */
    public EpochOrder(int count, long seed) {
        if (count < 1) {
            throw new IllegalArgumentException("count must be positive, but was " + count);
        }
        this.count = count;
        this.seed = seed;
    }

    /**
     * The index of a sample; the samples of one epoch are asked for at little cost.
     *
     * @param position of the sample in the run, counted from 0 over all epochs
     */
    public int index(long position) {
        long number = epoch(position);
        Epoch epoch = last;
        if (epoch == null || epoch.number() != number) {
            epoch = new Epoch(number, shuffled(number));
            last = epoch;
        }
        return epoch.order()[(int) (position % count)];
    }

    /** The epoch that a position in the run lies in, counted from 0. */
    public long epoch(long position) {
        return Objects.checkIndex(position, Long.MAX_VALUE) / count;
    }

    private int[] shuffled(long epoch) {
        int[] order = new int[count];
        long state = mix(mix(seed) + epoch);
        for (int i = 0; i < count; i++) {
            state += GOLDEN_GAMMA;
            int swapped = (int) Math.multiplyHigh(mix(state) >>> 1, 2 * (i + 1L)); // 0 to i
            order[i] = order[swapped];
            order[swapped] = i;
        }
        return order;
    }

    private static long mix(long state) {
        long z = (state ^ state >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
