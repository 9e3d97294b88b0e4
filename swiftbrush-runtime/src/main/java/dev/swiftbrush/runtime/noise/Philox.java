package dev.swiftbrush.runtime.noise;

/**
 * Philox 4x32 with 10 rounds: a keyed bijection of 128-bit counters. Use from one thread; after {@link #apply} the four
 * words are the fields.
 *
 * @see <a href="https://doi.org/10.1145/2063384.2063405">Salmon et al. 2011</a>, "Parallel random numbers: as easy as 1,
 *     2, 3"
 */
final class Philox {

    private static final int ROUNDS = 10;
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;

    int x;
    int y;
    int z;
    int w;

    void apply(int c0, int c1, int c2, int c3, int key0, int key1) {
        for (int round = 0; round < ROUNDS; round++) {
            long p0 = MULTIPLIER_0 * (c0 & 0xFFFFFFFFL);
            long p1 = MULTIPLIER_1 * (c2 & 0xFFFFFFFFL);
            c0 = (int) (p1 >>> 32) ^ c1 ^ key0;
            c1 = (int) p1;
            c2 = (int) (p0 >>> 32) ^ c3 ^ key1;
            c3 = (int) p0;
            key0 += WEYL_0;
            key1 += WEYL_1;
        }
        x = c0;
        y = c1;
        z = c2;
        w = c3;
    }
}
