package dev.swiftbrush.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.swiftbrush.Device;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The runtime's text encoder, held against the hidden states that transformers 5.23.0 gave for the tiny checkpoint. */
class TextEncoderTest {
    private static final Path SD2 = Path.of("../swiftbrush-runtime/src/test/resources/reference/sd2")
            .toAbsolutePath()
            .normalize();
    private static final String CAT = "a photo of a cat in the snow!";
    private static final int FLOATS = 77 * 18;

    /** Float32 rounding in a chain of three layers; the values have a standard deviation near 1. */
    private static final Offset<Float> EXACTLY = within(2e-5f);

    @TempDir
    Path folder;

    @Test
    void encodesAsTheReferenceDoes() {
        FloatBuffer states = FloatBuffer.allocate(2 * FLOATS);
        try (TextEncoder encoder = TextEncoder.open(SD2, Device.cpu())) {
            assertThat(encoder.tokens()).isEqualTo(77);
            assertThat(encoder.width()).isEqualTo(18);
            encoder.encode(List.of("a dog", CAT), states);
        }
        assertThat(last(states)).containsExactly(reference(), EXACTLY);
    }

    @Test
    void theStoreHoldsThemToHalfPrecisionAndTheOtherWayInFull() {
        Prompts prompts = Prompts.of(List.of("a dog", "a fox", CAT));
        FloatBuffer stored = FloatBuffer.allocate(FLOATS);
        FloatBuffer fresh = FloatBuffer.allocate(FLOATS);
        FloatBuffer storedEmpty = FloatBuffer.allocate(FLOATS);
        FloatBuffer freshEmpty = FloatBuffer.allocate(FLOATS);
        try (PromptEmbeddings onTheFly = new EncodedOnTheFly(prompts, TextEncoder.open(SD2, Device.cpu()));
                TextEncoder encoder = TextEncoder.open(SD2, Device.cpu())) {
            EmbeddingStore.encode(folder, prompts, encoder, EmbeddingOptions.defaults(), done -> {});
            try (EmbeddingStore store = EmbeddingStore.open(folder, prompts, TextEncoder.fingerprint(SD2))) {
                store.read(2, stored);
                store.readEmptyPrompt(storedEmpty);
            }
            onTheFly.read(2, fresh);
            onTheFly.readEmptyPrompt(freshEmpty);
        }
        assertThat(fresh.array()).containsExactly(reference(), EXACTLY);
        assertThat(stored.array()).containsExactly(reference(), within(2e-3f)); // half a step of F16 below 4
        assertThat(storedEmpty.array()).containsExactly(freshEmpty.array(), within(2e-3f));
        assertThat(storedEmpty.array()).isNotEqualTo(stored.array());
    }

    @Test
    void onTheFlyRefusesWhatIsNotThereAndClosesItsEncoder() {
        FakeEncoder encoder = new FakeEncoder();
        PromptEmbeddings embeddings = new EncodedOnTheFly(Prompts.of(List.of("a", "b")), encoder);
        FloatBuffer out = FloatBuffer.allocate(30);

        embeddings.read(new int[] {1, 0}, out);
        assertThat(encoder.calls).containsExactly(List.of(""), List.of("b", "a"));
        assertThatThrownBy(() -> embeddings.read(2, out)).isInstanceOf(IndexOutOfBoundsException.class);

        embeddings.close();
        assertThat(encoder.closed).isTrue();
    }

    @Test
    void theFingerprintTellsEncodersApart() throws IOException {
        Path copy = folder.resolve("copy");
        try (Stream<Path> files = Files.walk(SD2)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(SD2.relativize(file).toString()));
            }
        }
        String fingerprint = TextEncoder.fingerprint(SD2);
        assertThat(TextEncoder.fingerprint(copy)).isEqualTo(fingerprint).matches("[0-9a-f]{64}");

        Files.writeString(copy.resolve("unet/config.json"), Files.readString(copy.resolve("unet/config.json")) + "\n");
        assertThat(TextEncoder.fingerprint(copy)).isEqualTo(fingerprint);

        Path tokenizer = copy.resolve("tokenizer/special_tokens_map.json");
        Files.writeString(tokenizer, Files.readString(tokenizer) + "\n");
        assertThat(TextEncoder.fingerprint(copy)).isNotEqualTo(fingerprint);
    }

    private static float[] last(FloatBuffer states) {
        float[] last = new float[FLOATS];
        states.get(states.capacity() - FLOATS, last);
        return last;
    }

    /** The first prompt of the case {@code square}. */
    private static float[] reference() {
        try (MappedWeights mapped = new MappedWeights()) {
            float[] both = mapped.floats(Safetensors.open(SD2.resolve("reference.safetensors"))
                    .tensors()
                    .get("square.encoder_hidden_states"));
            return Arrays.copyOf(both, FLOATS);
        }
    }
}
