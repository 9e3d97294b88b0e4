package dev.swiftbrush.runtime.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.NoiseGenerator;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against published numbers of torch.randn on GPUs and of the generator below it. */
class TorchCudaNoiseTest {

    /** Numbers that were published with 4 decimals. */
    private static final double FOUR_DECIMALS = 5.5e-5;

    @ParameterizedTest
    @CsvSource({
        "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
        "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1",
    })
    void philoxGivesTheKnownAnswersOfRandom123(String counter, String key, String answer) {
        // Random123, tests/kat_vectors, lines "philox4x32 10"
        int[] c = words(counter);
        int[] k = words(key);
        Philox philox = new Philox();

        philox.apply(c[0], c[1], c[2], c[3], k[0], k[1]);

        assertThat(new int[] {philox.x, philox.y, philox.z, philox.w}).isEqualTo(words(answer));
    }

    @Test
    void drawsWhatTheWebUiDocumentsForSeed0() {
        // AUTOMATIC1111/stable-diffusion-webui, modules/rng_philox.py: "Expected output" of shape (3, 4); it computes
        // in float64, a GPU and this class in float32
        float[] expected = {
            -0.92466259f, -0.42534415f, -2.6438457f, 0.14518388f,
            -0.12086647f, -0.57972564f, -0.62285122f, -0.32838709f,
            -1.07454231f, -0.36314407f, -1.67105067f, 2.26550497f
        };
        assertThat(Noise.draw(NoiseGenerator.TORCH_CUDA, 0, 12)).containsExactly(expected, within(1e-6f));
    }

    @Test
    void drawsWhatAGpuDrewForSeed42() {
        // FlashInfer, docstring of the Sample processor: torch.manual_seed(42), torch.randn(2, 5, device="cuda")
        float[] expected = {
            0.1940f, 2.1614f, -0.1721f, 0.8491f, -1.9244f, 0.6530f, -0.6494f, -0.8175f, 0.5280f, -1.2753f
        };
        assertThat(Noise.draw(NoiseGenerator.TORCH_CUDA, 42, 10))
                .containsExactly(expected, within((float) FOUR_DECIMALS));
    }

    @Test
    void drawsWhatAGpuDrewFarIntoALargeTensor() {
        // github.com/pytorch/pytorch/issues/158398: shape [1, 64, 2048], seed 42, the three rows printed first
        float[] drawn = Noise.draw(NoiseGenerator.TORCH_CUDA, 42, 3 * 2048);
        assertRow(drawn, 0, 0.1940f, 2.1614f, -0.1721f, 1.4540f, -2.7733f, -0.8932f);
        assertRow(drawn, 1, -0.4574f, 0.8063f, 0.1580f, 0.1124f, 0.2769f, -1.2535f);
        assertRow(drawn, 2, 1.1346f, -0.6329f, -0.9147f, -1.0001f, -1.1552f, -0.6955f);
    }

    @Test
    void drawsWhatTwoKindsOfGpuDrewForSeed1() {
        // github.com/pytorch/pytorch/issues/143086: A100 and H100 agree at the start of a tensor
        assertThat(Noise.draw(NoiseGenerator.TORCH_CUDA, 1, 3))
                .containsExactly(new float[] {-0.2963f, 2.6764f, -0.1408f}, within((float) FOUR_DECIMALS));
    }

    @Test
    void usesAll64BitsOfTheSeed() {
        assertThat(Noise.draw(NoiseGenerator.TORCH_CUDA, 42 + (7L << 32), 4))
                .isNotEqualTo(Noise.draw(NoiseGenerator.TORCH_CUDA, 42, 4));
    }

    @Test
    void aNumberDoesNotDependOnHowManyAreDrawn() {
        assertThat(Noise.draw(NoiseGenerator.TORCH_CUDA, 3, 16384))
                .startsWith(Noise.draw(NoiseGenerator.TORCH_CUDA, 3, 5));
    }

    private static void assertRow(float[] drawn, int row, float... firstAndLastThree) {
        int from = row * 2048;
        float[] found = Arrays.copyOf(Arrays.copyOfRange(drawn, from, from + 3), 6);
        System.arraycopy(drawn, from + 2045, found, 3, 3);
        assertThat(found).containsExactly(firstAndLastThree, within((float) FOUR_DECIMALS));
    }

    private static int[] words(String hex) {
        return Arrays.stream(hex.split(" "))
                .mapToInt(word -> Integer.parseUnsignedInt(word, 16))
                .toArray();
    }
}
