package dev.swiftbrush.runtime.weights;

/**
 * The 16-bit floats of checkpoints, to and from {@code float}.
 *
 * <p>Java has these conversions for F16 from version 20 on only. Thread-safe.
 */
public final class HalfPrecision {

    private static final int FLOAT_INFINITY = 0x7f800000;
    private static final int FLOAT_OF_F16_MAX_AND_A_HALF_STEP = 0x477ff000; // 65520, which rounds to infinity
    private static final int FLOAT_OF_F16_MIN_NORMAL = 0x38800000; // 2^-14

    private HalfPrecision() {}

    /** The value of an IEEE 754 binary16, exactly; subnormals, infinities and NaN included. */
    public static float f16ToFloat(short f16) {
        int sign = (f16 & 0x8000) << 16;
        int magnitude = (f16 & 0x7fff) << 13; // a float's fields, but with binary16's exponent bias
        if (magnitude >= 0x7c00 << 13) {
            return Float.intBitsToFloat(sign | magnitude | FLOAT_INFINITY);
        }
        float value = Float.intBitsToFloat(magnitude) * 0x1p112f; // 112 = 127 - 15, the difference of the biases
        return Float.intBitsToFloat(sign | Float.floatToRawIntBits(value));
    }

    /** The value of a bfloat16, exactly. */
    public static float bf16ToFloat(short bf16) {
        return Float.intBitsToFloat(bf16 << 16);
    }

    /**
     * The nearest IEEE 754 binary16, a tie going to the even one. Magnitudes from 65520 on become infinity, those up to 2^-25
     * become zero, both with the sign kept; NaN stays NaN.
     */
    public static short floatToF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > FLOAT_INFINITY) {
            return (short) (sign | 0x7e00 | magnitude >>> 13 & 0x3ff);
        }
        if (magnitude >= FLOAT_OF_F16_MAX_AND_A_HALF_STEP) {
            return (short) (sign | 0x7c00);
        }
        if (magnitude < FLOAT_OF_F16_MIN_NORMAL) {
            // the last place of 0.5 is 2^-24, binary16's smallest step, so the addition rounds
            int rounded = Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + 0.5f);
            return (short) (sign | rounded - Float.floatToRawIntBits(0.5f));
        }
        int tieToEven = magnitude >>> 13 & 1;
        return (short) (sign | magnitude - (112 << 23) + 0xfff + tieToEven >>> 13);
    }
}
