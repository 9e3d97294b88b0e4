package dev.swiftbrush.train.export;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.Device;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.TextNetwork;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.data.TextEncoder;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written of a teacher whose text encoder is somebody's ONNX file. */
class OnnxEncoderPartsTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final TinyTeacher SD2 = TinyTeacher.of("sd2");
    private static final Path ENCODER =
            Path.of("../swiftbrush-runtime/src/test/resources/text-encoder").toAbsolutePath();
    private static final List<String> FILES =
            List.of("text_encoder/config.json", "text_encoder/model.onnx", "tokenizer/tokenizer.json");
    private static final String RESOURCES = """
            {"_class_name": "OnnxTextEncoder", "artifact": "org.example:encoder:1", "max_length": 24, "width": 18,
             "model_resource": "encoder.onnx", "model_sha256": "%1$s",
             "tokenizer_resource": "encoder.json", "tokenizer_sha256": "%1$s"}""".formatted("0".repeat(64));

    @TempDir
    Path folder;

    private TinyTeacher teacher;

    @BeforeEach
    void copy() throws IOException {
        teacher = SD2.copy(folder.resolve("teacher"));
        for (String part : List.of("text_encoder", "tokenizer")) {
            try (var files = Files.list(teacher.folder().resolve(part))) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
        }
        for (String file : FILES) {
            Files.copy(ENCODER.resolve(file), teacher.folder().resolve(file));
        }
        Path index = teacher.folder().resolve("model_index.json");
        ObjectNode root = (ObjectNode) MAPPER.readTree(index.toFile());
        root.set("text_encoder", MAPPER.valueToTree(List.of("swiftbrush", "OnnxTextEncoder")));
        root.set("tokenizer", MAPPER.valueToTree(List.of("tokenizers", "Tokenizer")));
        Files.writeString(index, root.toString());
    }

    private void requireSameEncoder(Path written) {
        for (String file : FILES) {
            assertThat(written.resolve(file))
                    .hasSameBinaryContentAs(teacher.folder().resolve(file));
        }
        assertThat(TextEncoder.fingerprint(written)).isEqualTo(TextEncoder.fingerprint(teacher.folder()));
    }

    @Test
    void theTextEncoderOpensForTraining() {
        try (TextEncoder encoder = TextEncoder.open(teacher.folder(), Device.cpu())) {
            FloatBuffer states = FloatBuffer.allocate(encoder.tokens() * encoder.width());
            encoder.encode(List.of("a red heart"), states);

            assertThat(encoder.tokens()).isEqualTo(12);
            assertThat(encoder.width()).isEqualTo(18);
            for (int i = 0; i < 12; i++) { // start, a, red, heart, end
                assertThat(states.get(i * 18) != 0).isEqualTo(i < 5);
            }
        }
    }

    @Test
    void aStudentDrawsWithItsTeachersEncoder() throws IOException {
        Path student = folder.resolve("student");

        StudentExport.of(teacher.folder(), "none", Map.of()).write(student, teacher.unet());

        requireSameEncoder(student);
        JsonNode index = MAPPER.readTree(student.resolve("model_index.json").toFile());
        assertThat(index.get("text_encoder")).hasToString("[\"swiftbrush\",\"OnnxTextEncoder\"]");
        GenerationRequest request = GenerationRequest.of("a red heart").withSeed(42);
        try (SwiftBrush own = TinyTeacher.open(student, null, folder.resolve("cache"));
                SwiftBrush whole = TinyTeacher.open(teacher.folder(), "dmd2", folder.resolve("cache"))) {
            assertThat(own.generate(request).rgb())
                    .isEqualTo(whole.generate(request).rgb())
                    .isNotEqualTo(
                            own.generate(GenerationRequest.of("a blue heart").withSeed(42))
                                    .rgb());
        }
    }

    @Test
    void aPretrainedCheckpointKeepsTheEncoder() {
        Path written = folder.resolve("written");

        new CheckpointExport(teacher.checkpoint(), written, DType.F32).writeUNet(teacher.unet());

        requireSameEncoder(written);
    }

    @Test
    void aNewCheckpointTakesTheEncoderOfItsDesign() {
        Path written = folder.resolve("written");

        new NewCheckpoint(teacher.folder(), 1).write(written);

        requireSameEncoder(written);
    }

    @Test
    void resourcesNeedNotBeThereUntilTheyAreUsed() throws IOException {
        Files.writeString(teacher.folder().resolve("text_encoder/config.json"), RESOURCES);
        Files.delete(teacher.folder().resolve("text_encoder/model.onnx"));
        Files.delete(teacher.folder().resolve("tokenizer/tokenizer.json"));
        Files.delete(teacher.folder().resolve("tokenizer"));
        Path start = new NewCheckpoint(teacher.folder(), 1).write(folder.resolve("start"));
        Path student = folder.resolve("student");

        StudentExport.of(start, "none", Map.of()).write(student, teacher.unet());

        assertThat(student.resolve("text_encoder/config.json")).hasContent(RESOURCES);
        assertThat(Checkpoint.open(student, false).textEncoder())
                .isInstanceOfSatisfying(
                        TextNetwork.Onnx.class,
                        encoder -> assertThat(encoder.config().resources()).hasSize(2));
    }
}
