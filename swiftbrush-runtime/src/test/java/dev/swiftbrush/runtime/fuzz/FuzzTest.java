package dev.swiftbrush.runtime.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.PromptTruncation;
import dev.swiftbrush.runtime.export.OnnxPipeline;
import dev.swiftbrush.runtime.network.TinyCheckpoint;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.reference.OnnxFolders;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.text.ClipTokenizer;
import dev.swiftbrush.runtime.text.TokenizedPrompt;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.StoredTensor;
import dev.swiftbrush.runtime.weights.WeightFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Everything that is read from files or typed by users. */
@Timeout(3600)
class FuzzTest {
    private static final long KB = 1 << 10;
    private static final Set<DType> FLOATS = Set.of(DType.F32, DType.F16, DType.BF16);

    @TempDir
    Path temp;

    private Path folder;

    @BeforeEach
    void copy() {
        folder = temp.resolve("model");
    }

    @Test
    void safetensors() throws IOException {
        TinyCheckpoint.copy("lcm", folder);
        byte[] small = safetensors(
                "{\"__metadata__\":{\"format\":\"pt\"},\"a.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},\"b\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[24,26]}} "
                        .getBytes(UTF_8),
                new byte[26]);
        byte[] real = Files.readAllBytes(folder.resolve("text_encoder/model.fp16.safetensors"));
        Path file = temp.resolve("fuzzed.safetensors");
        Fuzzing fuzzing = new Fuzzing("safetensors", 2_000, 256 * KB, 40);
        for (int i = 0; i < fuzzing.rounds(); i++) {
            byte[] damaged = damagedHeader(i % 4 == 0 ? real : small, fuzzing);
            Files.write(file, damaged);
            fuzzing.round(
                    file,
                    damaged.length,
                    () -> readAll(Safetensors.open(file).tensors().values()));
        }
        fuzzing.finish();
    }

    @Test
    void shardIndexes() throws IOException {
        TinyCheckpoint.copy("sd1", folder);
        Path index = folder.resolve("unet/diffusion_pytorch_model.safetensors.index.json");
        byte[] small = "{\"metadata\":{\"total_size\":1},\"weight_map\":{\"a\":\"model-00001-of-00001.safetensors\"}}"
                .getBytes(UTF_8);
        Path tiny = Files.createDirectories(temp.resolve("tiny"));
        Files.write(
                tiny.resolve("model-00001-of-00001.safetensors"),
                safetensors(
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}".getBytes(UTF_8),
                        new byte[4]));
        Path tinyIndex = tiny.resolve("model.safetensors.index.json");
        byte[] real = Files.readAllBytes(index);
        long shards = bytesOf(folder.resolve("unet"));
        Fuzzing fuzzing = new Fuzzing("shard indexes", 1_000, 1024 * KB, 40);
        for (int i = 0; i < fuzzing.rounds(); i++) {
            boolean large = i % 10 == 0;
            byte[] damaged = fuzzing.mutator().damaged(large ? real : small);
            Path written = Files.write(large ? index : tinyIndex, damaged);
            String base = large ? "diffusion_pytorch_model" : "model";
            fuzzing.round(written, damaged.length + (large ? shards : 100), () -> {
                for (Path file : WeightFiles.open(written.getParent(), base).files()) {
                    assertThat(file.normalize().getParent()).isEqualTo(written.getParent());
                }
            });
        }
        fuzzing.finish();
    }

    @Test
    void configurations() throws IOException {
        TinyCheckpoint model = TinyCheckpoint.copy("odd", folder);
        List<Path> files = Stream.of(
                        "model_index.json", "text_encoder/config.json", "unet/config.json", "vae/config.json")
                .map(model::file)
                .toList();
        Fuzzing fuzzing = new Fuzzing("configurations", 1_000, 4 * 1024 * KB, 40);
        damageOneOf(files, bytesOf(folder), fuzzing, model::open);
        fuzzing.finish();
    }

    @Test
    void recipes() throws IOException {
        TinyCheckpoint model = TinyCheckpoint.copy("sd2", folder);
        Files.writeString(
                model.file("swiftbrush.json"),
                "{\"recipe\": {\"name\": \"own\", \"timestep\": 999, \"alpha_squared\": 0.0047, \"scaled_input\": false, \"prediction\": \"epsilon\", \"guidance\": 7.5}}");
        Path scheduler = model.file("scheduler/scheduler_config.json");
        // two schedules of at most 100,000 timesteps, 16 bytes each
        Fuzzing fuzzing = new Fuzzing("recipes", 2_000, 4 * 1024 * KB, 40);
        List<Path> files = List.of(model.file("swiftbrush.json"), scheduler);
        damageOneOf(files, bytesOf(scheduler), fuzzing, () -> {
            Recipes.of(folder, null).resolve(scheduler);
            Recipes.preset("sd-turbo").resolve(scheduler);
        });
        fuzzing.finish();
    }

    @Test
    void tokenizers() throws IOException {
        TinyCheckpoint.copy("sd2", folder);
        Path tokenizer = folder.resolve("tokenizer");
        Files.writeString(tokenizer.resolve("added_tokens.json"), "{\"<cat-toy>\": 714}");
        Fuzzing fuzzing = new Fuzzing("tokenizers of vocabulary and merges", 600, 2 * 1024 * KB, 40);
        damageOneOf(files(tokenizer), bytesOf(tokenizer), fuzzing, () -> tokenize(tokenizer));
        fuzzing.finish();
    }

    @Test
    void tokenizersOfOneFile() throws IOException {
        TinyCheckpoint.copy("odd", folder);
        Path tokenizer = folder.resolve("tokenizer");
        Fuzzing fuzzing = new Fuzzing("tokenizer.json", 600, 2 * 1024 * KB, 40);
        damageOneOf(files(tokenizer), bytesOf(tokenizer), fuzzing, () -> tokenize(tokenizer));
        fuzzing.finish();
    }

    @Test
    void prompts() throws IOException {
        TinyCheckpoint.copy("sd2", folder);
        Fuzzing fuzzing = new Fuzzing("prompts", 3_000, 64 * KB, 400);
        int refused = 0;
        try (ClipTokenizer tokenizer = ClipTokenizer.open(folder.resolve("tokenizer"), 77)) {
            for (int i = 0; i < fuzzing.rounds(); i++) {
                String prompt = fuzzing.mutator().prompt(i % 100 == 0 ? 10_000 : 300);
                Path culprit = temp.resolve("prompt");
                if (isUnicode(prompt)) {
                    Files.writeString(culprit, prompt);
                    fuzzing.round(culprit, prompt.length() + 1, () -> requireSound(prompt, tokenizer));
                } else {
                    refused++;
                    try {
                        tokenizer.tokenize(prompt);
                        throw new AssertionError(
                                "took half of a surrogate pair: " + Arrays.toString(prompt.toCharArray()));
                    } catch (IllegalArgumentException e) {
                        assertThat(e)
                                .hasMessageStartingWith("prompt must be valid Unicode, but has half of a surrogate");
                    }
                }
            }
        }
        assertThat(refused).isBetween(fuzzing.rounds() / 100, fuzzing.rounds() / 2);
    }

    /** Messages of ONNX become objects that are larger than their bytes; there is a limit to both. */
    @Test
    void onnxFiles() throws IOException {
        OnnxFolders.unpack("sd1", folder);
        List<Path> files = Stream.of(OnnxPipeline.TEXT_ENCODER, OnnxPipeline.VAE_DECODER)
                .map(folder::resolve)
                .toList();
        Fuzzing fuzzing = new Fuzzing("onnx", 200, 4_096 * KB, 60);
        damageOneOf(files, bytesOf(folder), fuzzing, () -> OnnxPipeline.read(folder));
        fuzzing.finish();
    }

    /**
     * Damages one file at a time, and mends it afterwards.
     *
     * @param bytes of the sound files, which are read with it
     */
    private void damageOneOf(List<Path> files, long bytes, Fuzzing fuzzing, Fuzzing.Reading reading)
            throws IOException {
        for (int i = 0; i < fuzzing.rounds(); i++) {
            Path file = files.get(i % files.size());
            byte[] sound = Files.readAllBytes(file);
            byte[] damaged = fuzzing.mutator().damaged(sound);
            Files.write(file, damaged);
            fuzzing.round(file, bytes + damaged.length, reading);
            Files.write(file, sound);
        }
    }

    private static void tokenize(Path folder) {
        try (ClipTokenizer tokenizer = ClipTokenizer.open(folder, 77)) {
            for (String prompt : List.of("", "a photo of a cat!", "<cat-toy> caf\u00e9 \ud83d\ude00 1234")) {
                requireSound(prompt, tokenizer);
            }
        }
    }

    private static void requireSound(String prompt, ClipTokenizer tokenizer) {
        TokenizedPrompt tokens = tokenizer.tokenize(prompt);
        boolean sound = tokens.ids().length == tokenizer.maxLength();
        for (long id : tokens.ids()) {
            sound &= id >= 0 && id < tokenizer.vocabularySize();
        }
        PromptTruncation truncation = tokens.truncation();
        sound &= truncation == null || prompt.endsWith(truncation.dropped());
        if (!sound) { // AssertJ would take memory of its own
            throw new AssertionError(tokens);
        }
    }

    private static boolean isUnicode(String text) {
        return text.codePoints().noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }

    /** Mostly the header is damaged, and mostly its length is made to fit again. */
    private static byte[] damagedHeader(byte[] sound, Fuzzing fuzzing) {
        Random random = fuzzing.random();
        if (random.nextInt(8) == 0) {
            return fuzzing.mutator().damaged(sound);
        }
        int length = (int) ByteBuffer.wrap(sound).order(ByteOrder.LITTLE_ENDIAN).getLong();
        byte[] header = fuzzing.mutator().damaged(Arrays.copyOfRange(sound, 8, 8 + length));
        byte[] data = Arrays.copyOfRange(sound, 8 + length, sound.length);
        return safetensors(header, data);
    }

    private static byte[] safetensors(byte[] header, byte[] data) {
        return ByteBuffer.allocate(8 + header.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .put(data)
                .array();
    }

    private static void readAll(Iterable<StoredTensor> tensors) {
        try (MappedWeights weights = new MappedWeights()) {
            for (StoredTensor tensor : tensors) {
                assertThat(weights.map(tensor).remaining()).isEqualTo((int) tensor.byteLength());
                if (FLOATS.contains(tensor.dtype())) {
                    weights.floats(tensor);
                }
            }
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    private static long bytesOf(Path folder) throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }
}
