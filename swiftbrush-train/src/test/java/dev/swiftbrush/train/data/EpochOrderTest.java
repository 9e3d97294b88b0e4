package dev.swiftbrush.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.BitSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class EpochOrderTest {

    @Test
    void isTheOrderThatTheSeedHasAlwaysGiven() { // from the same algorithm in Python
        assertThat(indices(new EpochOrder(10, 42), 0, 20))
                .containsExactly(2, 3, 6, 5, 0, 4, 7, 1, 8, 9, 8, 3, 4, 7, 9, 2, 5, 1, 6, 0);
        assertThat(indices(new EpochOrder(10, -7), 0, 10)).containsExactly(1, 9, 5, 0, 4, 8, 7, 3, 6, 2);
    }

    @Test
    void everyEpochHasEverySampleOnce() {
        EpochOrder order = new EpochOrder(1_400_000, 42);
        BitSet seen = new BitSet();
        for (long position = 2 * 1_400_000L; position < 3 * 1_400_000L; position++) {
            seen.set(order.index(position));
        }
        assertThat(seen.cardinality()).isEqualTo(1_400_000);
        assertThat(seen.length()).isEqualTo(1_400_000);
        assertThat(indices(order, 2 * 1_400_000L, 3)).containsExactly(744423, 1160117, 980441);
    }

    @Test
    void goesOnFromAnyPositionInTheSameOrder() {
        EpochOrder run = new EpochOrder(7, 3);
        int[] whole = indices(run, 0, 30);
        for (int position = 29; position >= 0; position--) {
            assertThat(new EpochOrder(7, 3).index(position)).isEqualTo(whole[position]);
            assertThat(run.index(position)).isEqualTo(whole[position]);
        }
    }

    @Test
    void everySampleComesEverywhereEquallyOften() {
        int[][] counts = new int[5][5];
        EpochOrder order = new EpochOrder(5, 1);
        int epochs = 20_000;
        for (long position = 0; position < 5L * epochs; position++) {
            counts[(int) (position % 5)][order.index(position)]++;
        }
        for (int[] place : counts) {
            for (int count : place) {
                // a binomial count of mean 4000 has a standard deviation of 57: five of them
                assertThat(count).isCloseTo(epochs / 5, within(285));
            }
        }
    }

    @Test
    void tellsTheEpochOfAPosition() {
        EpochOrder order = new EpochOrder(3, 0);
        assertThat(LongStream.of(0, 2, 3, 8, 9_000_000_000L).map(order::epoch))
                .containsExactly(0L, 0L, 1L, 2L, 3_000_000_000L);
    }

    @Test
    void refusesWhatCannotBe() {
        assertThatThrownBy(() -> new EpochOrder(0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("count must be positive, but was 0");
        assertThatThrownBy(() -> new EpochOrder(1, 1).index(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    private static int[] indices(EpochOrder order, long from, int count) {
        return LongStream.range(from, from + count).mapToInt(order::index).toArray();
    }
}
