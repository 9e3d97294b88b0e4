package dev.swiftbrush.runtime.weights;

import static dev.swiftbrush.runtime.weights.SafetensorsBytes.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class WeightFilesTest {

    private static final String BASE = "diffusion_pytorch_model";

    @TempDir
    Path folder;

    @Test
    void readsASingleFile() {
        Path file = shard(BASE + ".safetensors", "a");

        WeightFiles weights = WeightFiles.open(folder, BASE);

        assertThat(weights.files()).containsExactly(file);
        assertThat(weights.tensors()).containsOnlyKeys("a");
        assertThat(weights.tensors().get("a").file()).isEqualTo(file);
    }

    @Test
    void readsShards() throws IOException {
        Path first = shard(BASE + "-00001-of-00002.safetensors", "a", "c");
        Path second = shard(BASE + "-00002-of-00002.safetensors", "b");
        index(".safetensors.index.json", """
                {"metadata": {"total_size": 3, "total_parameters": 3e0, "more": [{"deep": [null]}]},
                 "weight_map": {"b": "diffusion_pytorch_model-00002-of-00002.safetensors",
                                "a": "diffusion_pytorch_model-00001-of-00002.safetensors",
                                "c": "diffusion_pytorch_model-00001-of-00002.safetensors"}}""".stripTrailing());

        WeightFiles weights = WeightFiles.open(folder, BASE);

        assertThat(weights.files()).containsExactly(first, second);
        assertThat(weights.tensors().keySet()).containsExactly("a", "c", "b");
        assertThat(weights.tensors().get("b").file()).isEqualTo(second);
    }

    @Test
    void takesASingleFileBeforeShards() throws IOException {
        Path file = shard(BASE + ".safetensors", "a");
        index(".safetensors.index.json", "{}");

        assertThat(WeightFiles.open(folder, BASE).files()).containsExactly(file);
    }

    @Test
    void takesFp16WhenThereIsNothingElse() {
        Path file = shard("model.fp16.safetensors", "a");

        assertThat(WeightFiles.open(folder, "model").files()).containsExactly(file);
    }

    @Test
    void takesFp16ShardsWhenThereIsNothingElse() throws IOException {
        Path file = shard(BASE + ".fp16-00001-of-00001.safetensors", "a");
        index(".safetensors.index.fp16.json", weightMap("a", file.getFileName().toString()));

        assertThat(WeightFiles.open(folder, BASE).files()).containsExactly(file);
    }

    @Test
    void prefersFullPrecisionUnlessAskedForFp16() {
        Path full = shard("model.safetensors", "a");
        Path fp16 = shard("model.fp16.safetensors", "a");

        assertThat(WeightFiles.open(folder, "model").files()).containsExactly(full);
        assertThat(WeightFiles.open(folder, "model", false).files()).containsExactly(full);
        assertThat(WeightFiles.open(folder, "model", true).files()).containsExactly(fp16);
    }

    @Test
    void takesFullPrecisionWhenFp16IsPreferredButNotThere() {
        Path full = shard("model.safetensors", "a");

        assertThat(WeightFiles.open(folder, "model", true).files()).containsExactly(full);
    }

    @Test
    void followsTheLinksOfAHubCache() throws IOException {
        shard("0f3a", "a");
        shard("77b1", "b");
        Path snapshot = Files.createDirectory(folder.resolve("snapshot"));
        Files.createSymbolicLink(snapshot.resolve("model-1.safetensors"), Path.of("../0f3a"));
        Files.createSymbolicLink(snapshot.resolve("model-2.safetensors"), Path.of("../77b1"));
        Files.writeString(
                folder.resolve("c2d9"),
                "{\"weight_map\":{\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"}}");
        Files.createSymbolicLink(snapshot.resolve("model.safetensors.index.json"), Path.of("../c2d9"));

        assertThat(WeightFiles.open(snapshot, "model").files())
                .containsExactly(snapshot.resolve("model-1.safetensors"), snapshot.resolve("model-2.safetensors"));
    }

    @Test
    void refusesAFolderThatIsNotThere() {
        Path missing = folder.resolve("unet");

        assertRefused(() -> WeightFiles.open(missing, BASE), "there is no folder " + missing);
    }

    @Test
    void refusesAFolderWithoutWeights() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{}");

        assertRefused(
                () -> WeightFiles.open(folder, "model"),
                "no weights in " + folder + "; looked for model.safetensors, model.safetensors.index.json,"
                        + " model.fp16.safetensors, model.safetensors.index.fp16.json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pytorch_model.bin", "v2-1.ckpt", "a.pt", "a.pth"})
    void refusesPickles(String pickle) throws IOException {
        Files.write(folder.resolve(pickle), new byte[] {(byte) 0x80, 2});

        assertRefused(
                () -> WeightFiles.open(folder, "model"),
                folder + " holds only pickle weights (" + pickle
                        + "), which can run code when loaded and are never loaded;"
                        + " load the model in Python and write it again with save_pretrained(folder, safe_serialization=True)");
    }

    @Test
    void ignoresPicklesBesideSafetensors() throws IOException {
        shard("model.safetensors", "a");
        Files.write(folder.resolve("pytorch_model.bin"), new byte[] {(byte) 0x80, 2});

        assertThat(WeightFiles.open(folder, "model").tensors()).containsOnlyKeys("a");
    }

    @Test
    void refusesAShardThatIsNotThere() throws IOException {
        Path index = index(".safetensors.index.json", weightMap("a", "gone.safetensors"));

        assertRefused(
                () -> WeightFiles.open(folder, BASE),
                index + " names the shard gone.safetensors, which is not beside it");
    }

    @Test
    void refusesATensorThatIsNotInItsShard() throws IOException {
        Path shard = shard("s.safetensors", "a");
        Path index = index(
                ".safetensors.index.json",
                "{\"weight_map\":{\"a\":\"s.safetensors\",\"b\":\"s.safetensors\",\"c\":\"s.safetensors\"}}");

        assertRefused(
                () -> WeightFiles.open(folder, BASE),
                index + " promises 2 tensors that are not in " + shard
                        + ", first 'b'; are index and shards of one checkpoint?");
    }

    @Test
    void refusesATensorThatTheIndexDoesNotName() throws IOException {
        Path shard = shard("s.safetensors", "a", "b", "c");
        Path index = index(".safetensors.index.json", weightMap("b", "s.safetensors"));

        assertRefused(
                () -> WeightFiles.open(folder, BASE),
                shard + " holds 2 tensors that " + index
                        + " does not place there, first 'a'; are index and shards of one checkpoint?");
    }

    @Test
    void refusesATensorThatLiesInTwoShards() throws IOException {
        shard("1.safetensors", "a");
        Path second = shard("2.safetensors", "a", "b");
        Path index =
                index(".safetensors.index.json", "{\"weight_map\":{\"a\":\"1.safetensors\",\"b\":\"2.safetensors\"}}");

        assertRefused(
                () -> WeightFiles.open(folder, BASE),
                second + " holds 1 tensors that " + index
                        + " does not place there, first 'a'; are index and shards of one checkpoint?");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../s.safetensors",
                "/etc/s.safetensors",
                "..",
                "",
                "sub/s.safetensors",
                "..\\\\s.safetensors",
                "C:s.safetensors",
                "s.bin",
                "s.safetensors\\u0000.safetensors",
                "s.safetensors/"
            })
    void refusesAShardThatIsNotAPlainFileName(String shard) throws IOException {
        Path index = index(".safetensors.index.json", weightMap("a", shard));

        assertThatThrownBy(() -> WeightFiles.open(folder, BASE))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "index %s places tensor 'a' in '%s'; a shard must be a .safetensors file beside the index, without a path"
                                .formatted(index, shard.replace("\\\\", "\\").replace("\\u0000", "?")));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("faults")
    void refusesAnIndex(String json, String message) throws IOException {
        Path index = index(".safetensors.index.json", json);

        assertRefused(() -> WeightFiles.open(folder, BASE), message.replace("INDEX", "index " + index));
    }

    static Stream<Arguments> faults() {
        String manyShards = IntStream.rangeClosed(0, 1_000)
                .mapToObj(i -> "\"t%d\":\"%d.safetensors\"".formatted(i, i))
                .collect(Collectors.joining(","));
        String manyTensors = IntStream.rangeClosed(0, 100_000)
                .mapToObj(i -> "\"t%d\":\"s.safetensors\"".formatted(i))
                .collect(Collectors.joining(","));
        return Stream.of(
                Arguments.of("", "INDEX must start with '{', but is empty"),
                Arguments.of(
                        "version https://git-lfs.github.com/spec/v1",
                        "INDEX is a Git LFS pointer and not the file itself; fetch it with git lfs pull"),
                Arguments.of("version https", "INDEX must start with '{', but starts with 'v'"),
                Arguments.of("[]", "INDEX must start with '{', but starts with '['"),
                Arguments.of("{}", "INDEX has no weight_map"),
                Arguments.of("{\"weight_map\":{}}", "INDEX has an empty weight_map"),
                Arguments.of("{\"weight_map\":[]}", "INDEX gives weight_map as a list, which must be an object"),
                Arguments.of("{\"weight_map\":{\"a\":1}}", "INDEX places tensor 'a' in '1', which must be a file name"),
                Arguments.of(
                        "{\"weight_map\":{\"a\":[]}}", "INDEX places tensor 'a' in a list, which must be a file name"),
                Arguments.of(
                        "{\"weight_map\":{\"a\":\"s.safetensors\",\"a\":\"t.safetensors\"}}",
                        "INDEX names tensor 'a' twice"),
                Arguments.of("{\"weight_map\":{},\"weight_map\":{}}", "INDEX names weight_map twice"),
                Arguments.of("{\"weight_map\":{" + manyShards + "}}", "INDEX names more than 1000 shards"),
                Arguments.of("{\"weight_map\":{" + manyTensors + "}}", "INDEX names more than 100000 tensors"));
    }

    @Test
    void refusesAnIndexNestedTooDeeply() throws IOException {
        Path index = index(".safetensors.index.json", "{\"metadata\":" + "[".repeat(1_000_000));

        assertThatThrownBy(() -> WeightFiles.open(folder, BASE))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("index " + index
                        + " is not valid JSON: Document nesting depth (17) exceeds the maximum allowed (16,");
    }

    @Test
    void refusesAnIndexOverItsLimit() throws IOException {
        Path index = index(".safetensors.index.json", "{}");
        try (RandomAccessFile sparse = new RandomAccessFile(index.toFile(), "rw")) {
            sparse.setLength(20_000_001);
        }

        assertRefused(
                () -> WeightFiles.open(folder, BASE),
                "index " + index + " is 20000001 bytes; at most 20000000 are read");
    }

    @Test
    void acceptsAnIndexThatEndsWithANewline() throws IOException {
        shard("s.safetensors", "a");
        index(".safetensors.index.json", "\n" + weightMap("a", "s.safetensors") + "\r\n\t");

        assertThat(WeightFiles.open(folder, BASE).tensors()).containsOnlyKeys("a");
    }

    private static void assertRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable open, String message) {
        assertThatThrownBy(open).isInstanceOf(ModelException.class).hasMessage(message);
    }

    private static String weightMap(String tensor, String shard) {
        return "{\"weight_map\":{\"%s\":\"%s\"}}".formatted(tensor, shard);
    }

    private Path index(String suffix, String json) throws IOException {
        return Files.writeString(folder.resolve(BASE + suffix), json);
    }

    private Path shard(String name, String... tensors) {
        String entries = IntStream.range(0, tensors.length)
                .mapToObj(i -> entry(tensors[i], "U8", "[1]", i, i + 1))
                .collect(Collectors.joining(","));
        return SafetensorsBytes.write(folder.resolve(name), "{" + entries + "}", new int[tensors.length]);
    }
}
