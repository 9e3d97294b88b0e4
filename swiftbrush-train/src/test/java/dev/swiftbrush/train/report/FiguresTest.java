package dev.swiftbrush.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FiguresTest {

    @Test
    void writesNumbersWithFourDigits() {
        assertThat(Figures.number(0)).isEqualTo("0");
        assertThat(Figures.number(-0.0)).isEqualTo("0");
        assertThat(Figures.number(0.0123456)).isEqualTo("0.01235");
        assertThat(Figures.number(-1.5)).isEqualTo("-1.5");
        assertThat(Figures.number(100)).isEqualTo("100");
        assertThat(Figures.number(999.96)).isEqualTo("1000");
        assertThat(Figures.number(12345.6)).isEqualTo("12346");
        assertThat(Figures.number(1e-4)).isEqualTo("1e-4");
        assertThat(Figures.number(1.23456e-5)).isEqualTo("1.235e-5");
        assertThat(Figures.number(3e38)).isEqualTo("3e38");
        assertThat(Figures.number(Double.NaN)).isEqualTo("NaN");
        assertThat(Figures.number(Double.NEGATIVE_INFINITY)).isEqualTo("-Infinity");
    }

    @Test
    void writesTimesInTheirTwoLargestUnits() {
        assertThat(Figures.time(0.25)).isEqualTo("250 ms");
        assertThat(Figures.time(1.26)).isEqualTo("1.3 s");
        assertThat(Figures.time(59.4)).isEqualTo("59 s");
        assertThat(Figures.time(59.6)).isEqualTo("1 min 0 s");
        assertThat(Figures.time(247)).isEqualTo("4 min 7 s");
        assertThat(Figures.time(18_750)).isEqualTo("5 h 12 min");
        assertThat(Figures.time(183_600)).isEqualTo("2 d 3 h");
    }

    @Test
    void writesMemoryInThousands() {
        assertThat(Figures.bytes(512_000)).isEqualTo("512 kB");
        assertThat(Figures.bytes(512e6)).isEqualTo("512 MB");
        assertThat(Figures.bytes(26.4e9)).isEqualTo("26.4 GB");
    }
}
