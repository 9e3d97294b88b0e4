package dev.swiftbrush.train.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.HalfPrecision;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.SafetensorsWriter;
import dev.swiftbrush.runtime.weights.SafetensorsWriter.Declaration;
import dev.swiftbrush.runtime.weights.StoredTensor;
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StudentExportTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final TinyTeacher SD2 = TinyTeacher.of("sd2");
    private static final String METHOD = "variational score distillation";

    @TempDir
    static Path cache;

    @TempDir
    Path folder;

    private Path student;

    @BeforeEach
    void nameStudent() {
        student = folder.resolve("students/mine");
    }

    /** The recorded pictures of these cases are one step from 999 by the exact schedule; diffusers 0.42.1. */
    @ParameterizedTest
    @CsvSource({"sd1,dmd2", "odd,wide", "odd,tall"})
    void anUntrainedStudentDrawsWhatTheReferenceRecordedOfItsTeacher(String name, String recorded) throws IOException {
        TinyTeacher teacher = TinyTeacher.of(name);
        export(teacher).write(student, teacher.unet());

        JsonNode expected = null;
        for (JsonNode each : MAPPER.readTree(
                        teacher.folder().resolve("reference.json").toFile())
                .get("cases")) {
            expected = each.get("name").asText().equals(recorded) ? each : expected;
        }
        assertThat(expected).isNotNull();
        try (MappedWeights mapped = new MappedWeights();
                SwiftBrush brush = TinyTeacher.open(student, null, cache)) {
            ByteBuffer pixels = mapped.map(Safetensors.open(teacher.folder().resolve("reference.safetensors"))
                    .tensors()
                    .get(recorded + ".pixels"));
            for (int i = 0; i < expected.get("prompts").size(); i++) {
                byte[] rgb = brush.generate(GenerationRequest.of(
                                        expected.get("prompts").get(i).asText())
                                .withSeed(expected.get("seeds").get(i).asLong())
                                .withSize(
                                        expected.get("width").asInt(),
                                        expected.get("height").asInt()))
                        .rgb();
                for (byte pixel : rgb) {
                    assertThat(Math.abs((pixel & 0xff) - (pixels.get() & 0xff))).isLessThanOrEqualTo(1);
                }
            }
            assertThat(pixels.hasRemaining()).isFalse();
        }
    }

    @Test
    void aTrainedStudentDrawsOtherPicturesThanItsTeacher() {
        export(SD2).write(student, SD2.trainedUnet());

        assertThat(draw(student, null)).isNotEqualTo(draw(SD2.folder(), "dmd2"));
    }

    @Test
    void halfPrecisionRoundsTheUnetAlone() {
        export(SD2).as(DType.F16).write(student, SD2.trainedUnet());

        Map<String, StoredTensor> written =
                Checkpoint.open(student, false).unetWeights().tensors();
        assertThat(written).hasSameSizeAs(SD2.checkpoint().unet().weights());
        written.forEach((name, tensor) -> assertThat(tensor.dtype()).isEqualTo(DType.F16));
        List<Float> wanted = floats(SD2.trainedUnet(), "conv_in.weight");
        List<Float> found = floats(WeightSource.stored(written), "conv_in.weight");
        for (int i = 0; i < wanted.size(); i++) {
            assertThat(found.get(i)).isEqualTo(HalfPrecision.f16ToFloat(HalfPrecision.floatToF16(wanted.get(i))));
        }
        assertThat(Checkpoint.open(student, false).vaeWeights().tensors().values())
                .allMatch(tensor -> tensor.dtype() == DType.F32);
    }

    @Test
    void theFolderHoldsWhatIsNeededAndNothingElse() throws IOException {
        TinyTeacher teacher = SD2.copy(folder.resolve("teacher"));
        Files.writeString(teacher.folder().resolve("unet/diffusion_pytorch_model.bin"), "pickle");
        Files.writeString(teacher.folder().resolve("text_encoder/pytorch_model.bin"), "pickle");
        Files.createDirectory(teacher.folder().resolve("safety_checker"));
        Files.writeString(teacher.folder().resolve("safety_checker/config.json"), "{}");
        Files.writeString(teacher.folder().resolve("LICENSE"), "terms");

        export(teacher).write(student, teacher.unet());

        assertThat(files(student))
                .containsExactly(
                        "LICENSE",
                        "README.md",
                        "model_index.json",
                        "scheduler/scheduler_config.json",
                        "swiftbrush.json",
                        "text_encoder/config.json",
                        "text_encoder/model.safetensors",
                        "tokenizer/merges.txt",
                        "tokenizer/special_tokens_map.json",
                        "tokenizer/tokenizer_config.json",
                        "tokenizer/vocab.json",
                        "unet/config.json",
                        "unet/diffusion_pytorch_model.safetensors",
                        "vae/config.json",
                        "vae/diffusion_pytorch_model.safetensors");
        assertThat(files(student.getParent())).allMatch(name -> name.startsWith("mine/"));
        assertThat(student.resolve("vae/diffusion_pytorch_model.safetensors"))
                .hasSameBinaryContentAs(teacher.folder().resolve("vae/diffusion_pytorch_model.safetensors"));
    }

    @Test
    void theSchedulerMakesOneStepFromTheEndOfTheTeachersSchedule() throws IOException {
        export(SD2).write(student, SD2.unet());

        assertThat(json("scheduler/scheduler_config.json")).isEqualTo(MAPPER.readTree("""
                {"_class_name": "DDIMScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear",
                 "beta_start": 0.00085, "clip_sample": false, "num_train_timesteps": 1000,
                 "prediction_type": "epsilon", "rescale_betas_zero_snr": false, "set_alpha_to_one": true,
                 "steps_offset": 1, "thresholding": false, "timestep_spacing": "trailing", "trained_betas": null}
                """));
    }

    @Test
    void whatTheTeachersSchedulerLeavesToItsClassIsWrittenOut() throws IOException {
        TinyTeacher teacher = SD2.copy(folder.resolve("teacher"));
        Files.writeString(
                teacher.folder().resolve("scheduler/scheduler_config.json"),
                "{\"_class_name\": \"LCMScheduler\", \"num_train_timesteps\": 500, \"prediction_type\": \"v_prediction\"}");

        export(teacher).write(student, teacher.unet());

        JsonNode scheduler = json("scheduler/scheduler_config.json");
        assertThat(scheduler.get("beta_start").asDouble()).isEqualTo(0.00085); // defaults of diffusers 0.42.1
        assertThat(scheduler.get("beta_end").asDouble()).isEqualTo(0.012);
        assertThat(scheduler.get("beta_schedule").asText()).isEqualTo("scaled_linear");
        assertThat(scheduler.get("num_train_timesteps").asInt()).isEqualTo(500);
        assertThat(json("swiftbrush.json").get("recipe").get("timestep").asInt())
                .isEqualTo(499);
        assertThat(json("swiftbrush.json").get("recipe").get("prediction").asText())
                .isEqualTo("v_prediction");
    }

    @Test
    void theIndexNamesTheSchedulerAndNoSafetyChecker() throws IOException {
        TinyTeacher teacher = SD2.copy(folder.resolve("teacher"));
        Path index = teacher.folder().resolve("model_index.json");
        Files.writeString(
                index,
                Files.readString(index)
                        .replace(
                                "\"feature_extractor\": [\n    null,\n    null",
                                "\"feature_extractor\": [\n    \"transformers\",\n    \"CLIPImageProcessor\"")
                        .replace(
                                "\"safety_checker\": [\n    null,\n    null",
                                "\"safety_checker\": [\n    \"stable_diffusion\",\n    \"StableDiffusionSafetyChecker\""));
        assertThat(index).content().contains("StableDiffusionSafetyChecker", "CLIPImageProcessor");

        export(teacher).write(student, teacher.unet());

        assertThat(json("model_index.json")).isEqualTo(MAPPER.readTree("""
                {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.10.0.dev0",
                 "feature_extractor": [null, null], "requires_safety_checker": false, "safety_checker": [null, null],
                 "scheduler": ["diffusers", "DDIMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
                 "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
                 "vae": ["diffusers", "AutoencoderKL"]}
                """));
    }

    @Test
    void theRecipeAndTheSettingsAreRecorded() throws IOException {
        export(SD2).write(student, SD2.unet());

        assertThat(json("swiftbrush.json")).isEqualTo(MAPPER.readTree("""
                {"recipe": {"name": "swiftbrush-distilled",
                   "description": "One step from the last timestep, by the exact schedule, no guidance",
                   "timestep": 999, "prediction": "epsilon"},
                 "made_by": "swiftbrush-train", "version": "%s",
                 "distillation": {"teacher": "sd2", "method": "variational score distillation",
                   "settings": {"steps": 10, "guidance scale": 4.5, "targets": ["to_q", "to_v"]}}}
                """.formatted(SwiftBrush.version())));
        try (SwiftBrush brush = TinyTeacher.open(student, null, cache)) {
            assertThat(brush.model().recipe()).isEqualTo("swiftbrush-distilled");
        }
    }

    @Test
    void variantsGetTheNamesThatDiffusersLooksForByItself() throws IOException {
        TinyTeacher teacher = TinyTeacher.of("lcm");

        export(teacher).write(student, teacher.unet());

        assertThat(files(student))
                .contains("text_encoder/model.safetensors", "vae/diffusion_pytorch_model.safetensors")
                .noneMatch(name -> name.contains("fp16"));
    }

    @Test
    void shardsKeepAnIndex() throws IOException {
        TinyTeacher teacher = SD2.copy(folder.resolve("teacher"));
        Path vae = teacher.folder().resolve("vae");
        split(vae, "diffusion_pytorch_model.fp16");

        export(teacher).write(student, teacher.unet());

        assertThat(files(student.resolve("vae")))
                .containsExactly(
                        "config.json",
                        "diffusion_pytorch_model-00001-of-00002.safetensors",
                        "diffusion_pytorch_model-00002-of-00002.safetensors",
                        "diffusion_pytorch_model.safetensors.index.json");
        Map<String, StoredTensor> stored =
                Checkpoint.open(student, false).vaeWeights().tensors();
        WeightSource whole = WeightSource.stored(SD2.checkpoint().vaeWeights().tensors());
        assertThat(stored).hasSameSizeAs(SD2.checkpoint().vaeWeights().tensors());
        for (String name : stored.keySet()) {
            assertThat(floats(WeightSource.stored(stored), name)).isEqualTo(floats(whole, name));
        }
    }

    @Test
    void doesNotTouchAFolderThatItDidNotWrite() throws IOException {
        Path mine = Files.writeString(Files.createDirectories(student).resolve("novel.txt"), "chapter one");
        for (StudentExport export : List.of(export(SD2), export(SD2).replacing())) {
            assertThatThrownBy(() -> export.write(student, SD2.unet()))
                    .isInstanceOf(StorageException.class)
                    .hasMessage(
                            "%s is there and is no student that was written before; choose another folder", student);
        }
        Files.writeString(student.resolve("swiftbrush.json"), "{\"recipe\": \"swiftbrush\"}");
        assertThatThrownBy(() -> export(SD2).replacing().write(student, SD2.unet()))
                .isInstanceOf(StorageException.class);
        Files.writeString(student.resolve("swiftbrush.json"), "{");
        assertThatThrownBy(() -> export(SD2).replacing().write(student, SD2.unet()))
                .isInstanceOf(StorageException.class);
        assertThat(mine).hasContent("chapter one");
        assertThatThrownBy(() -> export(SD2).write(mine, SD2.unet()))
                .hasMessage("%s is there and is no student that was written before; choose another folder", mine);
    }

    @Test
    void replacesAStudentOnlyWhenAsked() throws IOException {
        export(SD2).write(student, SD2.unet());
        String before = unet(student);
        assertThatThrownBy(() -> export(SD2).write(student, SD2.trainedUnet()))
                .isInstanceOf(StorageException.class)
                .hasMessage("%s holds a student already; choose another folder, or ask for it to be replaced", student);
        assertThat(unet(student)).isEqualTo(before);

        export(SD2).replacing().write(student, SD2.trainedUnet());

        assertThat(unet(student)).isNotEqualTo(before);
        assertThat(student.getParent()).isDirectoryNotContaining(path -> !path.equals(student));
    }

    @Test
    void takesAnEmptyFolderAndMayTakeAStudentForATeacher() throws IOException {
        Files.createDirectories(student);
        export(SD2).write(student, SD2.unet());
        Path second = folder.resolve("second");

        StudentExport again = StudentExport.of(student, METHOD, Map.of());
        again.write(second, SD2.unet());

        assertThat(unet(second)).isEqualTo(unet(student));
        assertThatThrownBy(() -> again.replacing().write(student, SD2.unet()))
                .isInstanceOf(StorageException.class)
                .hasMessage("%s is the teacher itself; choose another folder", student);
    }

    @Test
    void leavesNothingBehindWhenAWeightCannotBeWritten() throws IOException {
        refusesWeight(
                DType.F32,
                Float.NaN,
                "weight 'conv_in.bias' holds NaN, which is not finite in F32; take an earlier checkpoint");
        refusesWeight(DType.F16, 70000, "weight 'conv_in.bias' holds 70000.0, which is not finite in F16; write F32");
        assertThatThrownBy(() -> export(SD2).write(student, (name, sink) -> {}))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("was not written: ");
        assertThat(files(folder)).isEmpty();
    }

    private void refusesWeight(DType dtype, float value, String message) {
        WeightSource good = SD2.unet();
        WeightSource spoilt = (name, sink) -> good.read(name, chunk -> {
            ByteBuffer copy = ByteBuffer.allocate(chunk.remaining())
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .put(chunk.duplicate());
            if (name.equals("conv_in.bias")) {
                copy.putFloat(copy.capacity() - Float.BYTES, value);
            }
            sink.accept(copy.flip());
        });
        assertThatThrownBy(() -> export(SD2).as(dtype).write(student, spoilt))
                .isInstanceOf(ModelException.class)
                .hasMessage(message);
    }

    @Test
    void refusesOtherTypes() {
        assertThatThrownBy(() -> export(SD2).as(DType.BF16))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("weights are written as F32 or F16, not as BF16");
    }

    @Test
    void refusesARectifiedFlow() throws IOException {
        TinyTeacher teacher = SD2.copy(folder.resolve("teacher"));
        Files.writeString(
                teacher.folder().resolve("scheduler/scheduler_config.json"), "{\"prediction_type\": \"velocity\"}");
        assertThatThrownBy(() -> export(teacher))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s is a rectified flow, for which diffusers has no one-step scheduler of this kind",
                        teacher.folder());
    }

    private static StudentExport export(TinyTeacher teacher) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("steps", 10);
        settings.put("guidance scale", 4.5);
        settings.put("targets", List.of("to_q", "to_v"));
        return StudentExport.of(teacher.folder(), METHOD, settings);
    }

    private byte[] draw(Path model, String recipe) {
        try (SwiftBrush brush = TinyTeacher.open(model, recipe, cache)) {
            return brush.generate(GenerationRequest.of("a cat").withSeed(1).withSize(32, 32))
                    .rgb();
        }
    }

    private static String unet(Path model) throws IOException {
        return Sha256.of(model.resolve("unet/diffusion_pytorch_model.safetensors"));
    }

    private JsonNode json(String file) throws IOException {
        return MAPPER.readTree(student.resolve(file).toFile());
    }

    private static List<String> files(Path of) throws IOException {
        try (Stream<Path> all = Files.walk(of)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> of.relativize(file).toString().replace('\\', '/'))
                    .sorted()
                    .toList();
        }
    }

    private static List<Float> floats(WeightSource source, String name) {
        List<Float> floats = new ArrayList<>();
        source.read(name, chunk -> {
            for (int i = chunk.position(); i < chunk.limit(); i += Float.BYTES) {
                floats.add(chunk.order(ByteOrder.LITTLE_ENDIAN).getFloat(i));
            }
        });
        return floats;
    }

    /** Writes a component's weights anew, as two shards of that name. */
    private static void split(Path component, String name) throws IOException {
        Path whole = component.resolve("diffusion_pytorch_model.safetensors");
        List<StoredTensor> tensors =
                List.copyOf(Safetensors.open(whole).tensors().values());
        Map<String, String> where = new LinkedHashMap<>();
        try (MappedWeights mapped = new MappedWeights()) {
            for (int shard = 0; shard < 2; shard++) {
                String file = "%s-0000%d-of-00002.safetensors".formatted(name, shard + 1);
                int half = tensors.size() / 2;
                List<StoredTensor> some = shard == 0 ? tensors.subList(0, half) : tensors.subList(half, tensors.size());
                List<Declaration> declarations = some.stream()
                        .map(tensor -> new Declaration(tensor.name(), tensor.dtype(), tensor.shape()))
                        .toList();
                try (SafetensorsWriter writer =
                        SafetensorsWriter.create(component.resolve(file), declarations, Map.of())) {
                    for (StoredTensor tensor : some) {
                        writer.write(tensor.name(), mapped.map(tensor));
                        where.put(tensor.name(), file);
                    }
                }
            }
        }
        Files.delete(whole);
        MAPPER.writeValue(
                component
                        .resolve("diffusion_pytorch_model.safetensors.index.fp16.json")
                        .toFile(),
                Map.of("metadata", Map.of(), "weight_map", where));
    }
}
