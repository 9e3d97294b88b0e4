package dev.swiftbrush.runtime.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** IEEE 754-2008, 3.4 (interchange formats) and 4.3.1 (roundTiesToEven). */
class HalfPrecisionTest {

    @Test
    void widensEveryF16ToTheValueOfItsFormula() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            double expected = valueOfF16(bits);
            float widened = HalfPrecision.f16ToFloat((short) bits);
            assertThat((double) widened)
                    .as("%04x", bits)
                    .isEqualTo(Double.valueOf(expected)); // NaN equals NaN, -0 does not equal 0
        }
    }

    @Test
    void widensEveryBf16ToTheValueOfItsFormula() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            double expected = value(bits, 8, 7);
            float widened = HalfPrecision.bf16ToFloat((short) bits);
            assertThat((double) widened)
                    .as("%04x", bits)
                    .isEqualTo(Double.valueOf(expected)); // NaN equals NaN, -0 does not equal 0
        }
    }

    @Test
    void narrowsEveryF16BackToItself() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = HalfPrecision.f16ToFloat((short) bits);
            short narrowed = HalfPrecision.floatToF16(value);
            if (Float.isNaN(value)) {
                assertThat(HalfPrecision.f16ToFloat(narrowed)).as("%04x", bits).isNaN();
            } else {
                assertThat(narrowed).as("%04x", bits).isEqualTo((short) bits);
            }
        }
    }

    /** At every midpoint of two neighbours the even one is taken, a float above or below it the nearer one. */
    @Test
    void roundsToTheNearestAndATieToTheEvenOne() {
        for (int bits = 0; bits < 0x7bff; bits++) {
            float middle = (float) ((valueOfF16(bits) + valueOfF16(bits + 1)) / 2); // exact in a float
            int even = (bits & 1) == 0 ? bits : bits + 1;
            assertThat(HalfPrecision.floatToF16(middle)).as("%04x", bits).isEqualTo((short) even);
            assertThat(HalfPrecision.floatToF16(Math.nextDown(middle)))
                    .as("%04x", bits)
                    .isEqualTo((short) bits);
            assertThat(HalfPrecision.floatToF16(Math.nextUp(middle)))
                    .as("%04x", bits)
                    .isEqualTo((short) (bits + 1));
            assertThat(HalfPrecision.floatToF16(-middle)).as("%04x", bits).isEqualTo((short) (even | 0x8000));
        }
    }

    @Test
    void isNeverFurtherOffThanItsNeighbours() {
        Random random = new Random(3);
        for (int i = 0; i < 100_000; i++) {
            float value = Float.intBitsToFloat(random.nextInt());
            if (!(Math.abs(value) < 65504)) {
                continue;
            }
            int bits = HalfPrecision.floatToF16(value) & 0xffff;
            BigDecimal distance = distance(value, bits);
            assertThat(distance).isLessThanOrEqualTo(distance(value, bits + 1));
            if ((bits & 0x7fff) != 0) {
                assertThat(distance).isLessThanOrEqualTo(distance(value, bits - 1));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "65504, 7bff",
        "65519.996, 7bff",
        "65520, 7c00",
        "1e30, 7c00",
        "Infinity, 7c00",
        "-65520, fc00",
        "-Infinity, fc00",
        "0, 0000",
        "-0.0, 8000",
        "5.9604645E-8, 0001",
        "2.9802322E-8, 0000",
        "2.9802326E-8, 0001",
        "1.4E-45, 0000",
        "-1.4E-45, 8000",
        "6.1035156E-5, 0400",
        "6.097555E-5, 03ff",
        "NaN, 7e00"
    })
    void narrowsTheEdges(float value, String bits) {
        assertThat(HalfPrecision.floatToF16(value) & 0xffff).isEqualTo(Integer.parseInt(bits, 16));
    }

    private static BigDecimal distance(float value, int bits) {
        return new BigDecimal(value)
                .subtract(new BigDecimal(Math.min(65536, Math.max(-65536, valueOfF16(bits & 0xffff)))))
                .abs();
    }

    private static double valueOfF16(int bits) {
        return value(bits, 5, 10);
    }

    /** (-1)^s 2^(e-bias) (1 + m/2^p), without the 1 and with the smallest exponent when e is 0. */
    private static double value(int bits, int exponentBits, int mantissaBits) {
        int sign = (bits & 0x8000) == 0 ? 1 : -1;
        int largest = (1 << exponentBits) - 1;
        int exponent = bits >> mantissaBits & largest;
        int mantissa = bits & (1 << mantissaBits) - 1;
        int bias = largest >> 1;
        if (exponent == largest) {
            return mantissa == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
        }
        double significand = mantissa / (double) (1 << mantissaBits) + (exponent == 0 ? 0 : 1);
        return sign * significand * Math.pow(2, Math.max(exponent, 1) - bias);
    }
}
