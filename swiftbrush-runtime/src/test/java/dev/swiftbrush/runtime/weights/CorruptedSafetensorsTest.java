package dev.swiftbrush.runtime.weights;

import static dev.swiftbrush.runtime.weights.SafetensorsBytes.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A damaged header is refused with a {@link ModelException} or describes tensors that really lie in the file; nothing else. */
class CorruptedSafetensorsTest {

    private static final String SOUND = "{\"__metadata__\":{\"format\":\"pt\",\"recipe\":\"swiftbrush\"},"
            + entry("down_blocks.0.attentions.1.proj_in.weight", "F32", "[2,3]", 0, 24) + ","
            + entry("conv_in.bias", "F16", "[4]", 24, 32) + ","
            + entry("position_ids", "I64", "[1,1]", 32, 40) + "," + entry("logit_scale", "BF16", "[]", 40, 42)
            + "}      ";
    private static final String JSON_PIECES = "{}[]\":,.-+0123456789eE\\utnf \n\0";

    @TempDir
    Path folder;

    @Test
    void survivesChangedBytes() throws IOException {
        Random random = new Random(20231109);
        int refused = 0;
        for (int round = 0; round < 2_000; round++) {
            byte[] bytes = sound();
            int changes = 1 + random.nextInt(3);
            for (int i = 0; i < changes; i++) {
                bytes[random.nextInt(bytes.length - 42)] = (byte) random.nextInt(256);
            }
            refused += opens(bytes) ? 0 : 1;
        }
        assertThat(refused).isBetween(1_000, 1_999);
    }

    @Test
    void survivesBytesThatJsonIsMadeOf() throws IOException {
        Random random = new Random(7);
        int refused = 0;
        for (int round = 0; round < 2_000; round++) {
            byte[] bytes = sound();
            for (int i = 0; i < 2; i++) {
                bytes[8 + random.nextInt(SOUND.length())] =
                        (byte) JSON_PIECES.charAt(random.nextInt(JSON_PIECES.length()));
            }
            refused += opens(bytes) ? 0 : 1;
        }
        assertThat(refused).isBetween(1_000, 1_999);
    }

    @Test
    void survivesPiecesOfTheHeaderMovedAbout() throws IOException {
        Random random = new Random(11);
        int refused = 0;
        for (int round = 0; round < 2_000; round++) {
            byte[] bytes = sound();
            int length = 1 + random.nextInt(60);
            int from = 8 + random.nextInt(SOUND.length() - length);
            int to = 8 + random.nextInt(SOUND.length() - length);
            System.arraycopy(bytes, from, bytes, to, length);
            refused += opens(bytes) ? 0 : 1;
        }
        assertThat(refused).isBetween(1_000, 1_999);
    }

    @Test
    void refusesEveryTruncation() throws IOException {
        byte[] bytes = sound();
        for (int length = 0; length < bytes.length; length++) {
            assertThat(opens(Arrays.copyOf(bytes, length)))
                    .as("%d bytes", length)
                    .isFalse();
        }
        assertThat(opens(bytes)).isTrue();
    }

    @Test
    void survivesEveryHeaderLengthOfOneByte() throws IOException {
        for (int position = 0; position < Long.BYTES; position++) {
            for (int value = 0; value < 256; value++) {
                byte[] bytes = sound();
                bytes[position] = (byte) value;
                assertThat(opens(bytes)).isEqualTo(Arrays.equals(bytes, sound()));
            }
        }
    }

    private byte[] sound() {
        return SafetensorsBytes.of(SOUND, new int[42]);
    }

    /** False if refused; fails on anything but a {@link ModelException}. */
    private boolean opens(byte[] bytes) throws IOException {
        Path file = Files.write(folder.resolve("corrupted.safetensors"), bytes);
        try (MappedWeights weights = new MappedWeights()) {
            for (StoredTensor tensor : Safetensors.open(file).tensors().values()) {
                assertThat(weights.map(tensor).remaining()).isEqualTo((int) tensor.byteLength());
            }
            return true;
        } catch (ModelException e) {
            assertThat(e).hasMessageContaining(file.toString());
            return false;
        } catch (RuntimeException e) {
            return fail("not a ModelException", e);
        }
    }
}
