package dev.swiftbrush.runtime.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.runtime.tensor.DType;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FloatConversionTest {

    @Test
    void widensF16AndBf16() {
        assertThat(convert(little(4).putShort((short) 0x3c00).putShort((short) 0xb800), DType.F16, DType.F32)
                        .asFloatBuffer())
                .isEqualTo(little(8).putFloat(1f).putFloat(-0.5f).flip().asFloatBuffer());
        assertThat(convert(little(4).putShort((short) 0x3f80).putShort((short) 0x4049), DType.BF16, DType.F32)
                        .asFloatBuffer())
                .isEqualTo(little(8).putFloat(1f).putFloat(3.140625f).flip().asFloatBuffer());
    }

    @Test
    void narrowsToF16RoundingToTheNearestEven() {
        ByteBuffer source =
                little(16).putFloat(1f).putFloat(2049f).putFloat(2051f).putFloat(70000f);

        assertThat(convert(source, DType.F32, DType.F16))
                .isEqualTo(little(8)
                        .putShort((short) 0x3c00)
                        .putShort((short) 0x6800)
                        .putShort((short) 0x6802)
                        .putShort((short) 0x7c00)
                        .flip());
    }

    @Test
    void narrowsBf16ToF16() {
        assertThat(convert(little(2).putShort((short) 0x4049), DType.BF16, DType.F16))
                .isEqualTo(little(2).putShort((short) 0x4248).flip());
    }

    @Test
    void handsOutChunksOfAtMost64KiElements() {
        int elements = 150_000;
        ByteBuffer source = little(elements * 2);
        for (int i = 0; i < elements; i++) {
            source.putShort((short) i);
        }
        List<Integer> chunks = new ArrayList<>();

        FloatConversion.convert(source.flip(), DType.BF16, DType.F32, chunk -> chunks.add(chunk.remaining()));

        assertThat(chunks).containsExactly(65_536 * 4, 65_536 * 4, 18_928 * 4);
        ByteBuffer whole = convert(source, DType.BF16, DType.F32);
        for (int i = 0; i < elements; i++) {
            assertThat(whole.getInt(4 * i)).isEqualTo((i & 0xffff) << 16);
        }
    }

    @Test
    void passesEqualTypesUnchanged() {
        ByteBuffer source = little(3).put((byte) 1).put((byte) 2).put((byte) 3);

        assertThat(convert(source, DType.U8, DType.U8)).isEqualTo(source.flip());
    }

    @Test
    void leavesTheSourceWhereItWasAndReadsAnyByteOrderSettingAsLittleEndian() {
        ByteBuffer source = little(6)
                .putShort((short) 0)
                .putShort((short) 0x3c00)
                .putShort((short) 0)
                .order(ByteOrder.BIG_ENDIAN);
        source.position(2).limit(4);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        FloatConversion.convert(
                source.asReadOnlyBuffer(), DType.F16, DType.F32, chunk -> bytes.write(chunk.array(), 0, chunk.limit()));

        assertThat(bytes.toByteArray()).containsExactly(0, 0, 0x80, 0x3f);
        assertThat(source.position()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"I64,F32", "F64,F32", "F32,BF16", "F32,I8"})
    void refusesOtherPairs(DType from, DType to) {
        assertThatThrownBy(() -> FloatConversion.convert(ByteBuffer.allocate(8), from, to, chunk -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("%s cannot be converted to %s; F32, F16 and BF16 can, to F32 and F16".formatted(from, to));
        assertThat(FloatConversion.supports(from, to)).isFalse();
    }

    @Test
    void refusesASourceThatEndsWithinAnElement() {
        assertThatThrownBy(() -> FloatConversion.convert(ByteBuffer.allocate(7), DType.F16, DType.F32, chunk -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("source must hold whole elements of F16, 2 bytes each, but holds 7 bytes");
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer convert(ByteBuffer filled, DType from, DType to) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        FloatConversion.convert(filled.duplicate().rewind(), from, to, chunk -> {
            byte[] copy = new byte[chunk.remaining()];
            chunk.get(copy);
            bytes.writeBytes(copy);
        });
        return ByteBuffer.wrap(bytes.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    }
}
