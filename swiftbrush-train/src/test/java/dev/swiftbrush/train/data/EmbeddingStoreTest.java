package dev.swiftbrush.train.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrushException;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.files.FolderLock;
import dev.swiftbrush.train.files.Sha256;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EmbeddingStoreTest {
    private static final int COUNT = 23;

    /** Three batches of two in a shard, so four shards, the last with five prompts. */
    private static final EmbeddingOptions OPTIONS = new EmbeddingOptions(DType.F16, 2, 6 * 2 * 15);

    private static final Prompts PROMPTS = prompts(COUNT);

    @TempDir
    Path folder;

    private final FakeEncoder encoder = new FakeEncoder();

    @ParameterizedTest
    @EnumSource(names = {"F16", "F32"})
    void givesBackWhatWasEncoded(DType dtype) {
        List<Integer> progress = new ArrayList<>();
        EmbeddingOptions options = new EmbeddingOptions(dtype, 2, 6L * dtype.bytes() * 15);
        EmbeddingStore.encode(folder, PROMPTS, encoder, options, progress::add);

        try (EmbeddingStore store = EmbeddingStore.open(folder, PROMPTS, encoder.fingerprint())) {
            assertThat(store.count()).isEqualTo(COUNT);
            assertThat(store.tokens()).isEqualTo(3);
            assertThat(store.width()).isEqualTo(5);
            for (int i = 0; i < COUNT; i++) {
                assertThat(read(store, i)).isEqualTo(FakeEncoder.states("prompt " + i));
            }
            FloatBuffer empty = FloatBuffer.allocate(15);
            store.readEmptyPrompt(empty);
            assertThat(empty.array()).isEqualTo(FakeEncoder.states(""));
            store.verify();
        }
        assertThat(progress).endsWith(18, 20, 22, 23).isSorted();
        assertThat(names())
                .containsExactly(
                        "embeddings-00001-of-00004.safetensors",
                        "embeddings-00002-of-00004.safetensors",
                        "embeddings-00003-of-00004.safetensors",
                        "embeddings-00004-of-00004.safetensors",
                        "empty-prompt.safetensors",
                        "index.json");
    }

    @Test
    void readsManyAtOnce() {
        encode();
        try (EmbeddingStore store = open()) {
            FloatBuffer out = FloatBuffer.allocate(4 * 15 + 1);
            store.read(new int[] {22, 0, 7, 0}, out);
            assertThat(out.position()).isEqualTo(4 * 15);
            assertThat(out.slice(0, 15)).isEqualTo(FloatBuffer.wrap(FakeEncoder.states("prompt 22")));
            assertThat(out.slice(30, 15)).isEqualTo(FloatBuffer.wrap(FakeEncoder.states("prompt 7")));
        }
    }

    @Test
    void readsFromManyThreads() throws InterruptedException, ExecutionException {
        encode();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (EmbeddingStore store = open()) {
            List<Future<Boolean>> results = IntStream.range(0, 200)
                    .mapToObj(i -> threads.submit(() -> {
                        float[] states = read(store, i % COUNT);
                        return FloatBuffer.wrap(states)
                                .equals(FloatBuffer.wrap(FakeEncoder.states("prompt " + i % COUNT)));
                    }))
                    .toList();
            for (Future<Boolean> result : results) {
                assertThat(result.get()).isTrue();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void refusesPromptsThatAreNotThere() {
        encode();
        EmbeddingStore store = open();
        FloatBuffer out = FloatBuffer.allocate(30);
        assertThatThrownBy(() -> store.read(COUNT, out)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> store.read(-1, out)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> store.read(new int[] {1, 2, 3}, out))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("3 prompts have 45 floats of hidden states, but out has room for 30");
        assertThat(out.position()).isZero();
        store.close();
        assertThatThrownBy(() -> store.read(0, out))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the embeddings in %s are closed", folder);
    }

    @Test
    void goesOnAfterEveryPossibleInterruption() {
        Prompts few = prompts(9); // two shards: three batches, and two of which the last is of one
        EmbeddingStore.encode(folder, few, encoder, OPTIONS, done -> {});
        Map<String, String> whole = contents();
        assertThat(encoder.calls).hasSize(1 + 3 + 2);
        int[] again = {6, 5, 5, 5, 2, 2}; // a file that was begun is begun anew
        for (int stop = 0; stop < 6; stop++) {
            Path interrupted = folder.resolve("interrupted" + stop);
            StoppingEncoder stopping = new StoppingEncoder(stop);
            assertThatThrownBy(() -> EmbeddingStore.encode(interrupted, few, stopping, OPTIONS, done -> {}))
                    .hasMessage("stopped");
            assertThat(EmbeddingStore.isComplete(interrupted)).isFalse();

            FakeEncoder rest = new FakeEncoder();
            EmbeddingStore.encode(interrupted, few, rest, OPTIONS, done -> {});

            assertThat(contents(interrupted)).isEqualTo(whole);
            assertThat(rest.calls).hasSize(again[stop]);
            assertThat(EmbeddingStore.isComplete(interrupted)).isTrue();
        }
    }

    @Test
    void makesAFileAnewThatAKilledProcessDidNotRecord() throws IOException {
        encode();
        Map<String, String> whole = contents();
        String index = Files.readString(folder.resolve("index.json"));
        // as if killed between the last file and its record, while the next was being written
        Files.writeString(
                folder.resolve("index.json"),
                index.replaceFirst("(?s),\\s*\"embeddings-00004-of-00004.safetensors\" : \\{.*?}", ""));
        Files.writeString(folder.resolve("embeddings-00004-of-00004.safetensors"), "half");
        Path unfinished =
                folder.resolve(".embeddings-00004-of-00004.safetensors.0b2ce5d1-7a6b-4f0e-9c55-1f2e3d4c5b6a.tmp");
        Files.writeString(unfinished, "half");
        assertThat(EmbeddingStore.isComplete(folder)).isFalse();
        assertThatThrownBy(this::open)
                .isInstanceOf(StorageException.class)
                .hasMessage("%s lacks 1 of its 4 files; encode again to go on from there", folder);
        encoder.calls.clear();

        encode();

        assertThat(encoder.calls)
                .containsExactly(
                        List.of("prompt 18", "prompt 19"), List.of("prompt 20", "prompt 21"), List.of("prompt 22"));
        assertThat(contents()).isEqualTo(whole);
        assertThat(unfinished).doesNotExist();
    }

    @Test
    void hasNothingToDoWhenAllIsThere() {
        encode();
        encoder.calls.clear();
        List<Integer> progress = new ArrayList<>();

        EmbeddingStore.encode(folder, PROMPTS, encoder, OPTIONS, progress::add);

        assertThat(encoder.calls).isEmpty();
        assertThat(progress).containsExactly(6, 12, 18, 23);
    }

    @Test
    void makesAFileAnewThatIsGoneOrHasAnotherSize() throws IOException {
        encode();
        Map<String, String> whole = contents();
        Files.delete(folder.resolve("embeddings-00001-of-00004.safetensors"));
        Path cut = folder.resolve("embeddings-00003-of-00004.safetensors");
        long bytes = Files.size(cut);
        Files.writeString(cut, "cut");
        assertThatThrownBy(this::open)
                .isInstanceOf(StorageException.class)
                .hasMessage(
                        "%s cannot be read: NoSuchFileException",
                        folder.resolve("embeddings-00001-of-00004.safetensors"));

        Files.copy(
                folder.resolve("embeddings-00002-of-00004.safetensors"),
                folder.resolve("embeddings-00001-of-00004.safetensors"));
        assertThatThrownBy(this::open)
                .isInstanceOf(StorageException.class)
                .hasMessage("%s has 3 bytes, but was written with %d; encode again to replace it", cut, bytes);
        Files.delete(folder.resolve("embeddings-00001-of-00004.safetensors"));

        encode();

        assertThat(contents()).isEqualTo(whole);
    }

    @Test
    void seesAFlippedBitWhenAskedToVerify() throws IOException {
        encode();
        Path shard = folder.resolve("embeddings-00002-of-00004.safetensors");
        byte[] bytes = Files.readAllBytes(shard);
        bytes[bytes.length - 1] ^= 1;
        Files.write(shard, bytes);
        try (EmbeddingStore store = open()) {
            assertThatThrownBy(store::verify)
                    .isInstanceOf(StorageException.class)
                    .hasMessage("%s does not have its checksum; delete it and encode again", shard);
        }
    }

    @Test
    void refusesAFileOfAnotherLayout() throws IOException {
        encode();
        Path shard = folder.resolve("embeddings-00002-of-00004.safetensors");
        String bytes = Files.readString(shard, ISO_8859_1);
        Files.writeString(shard, bytes.replace("[6,3,5]", "[6,5,3]"), ISO_8859_1);
        assertThatThrownBy(this::open)
                .isInstanceOf(StorageException.class)
                .hasMessage(
                        "%s does not hold encoder_hidden_states as F16 [6, 3, 5]; delete it and encode again", shard);
    }

    @Test
    void refusesOtherPromptsAndSaysSo() {
        encode();
        Prompts others = prompts(COUNT + 1);
        String message =
                "The list of prompts is not the one that %s was encoded from (SHA-256 %s..., then %s...); take that one, or encode into another folder"
                        .formatted(
                                folder,
                                others.sha256().substring(0, 12),
                                PROMPTS.sha256().substring(0, 12));

        assertThatThrownBy(() -> EmbeddingStore.open(folder, others, encoder.fingerprint()))
                .isInstanceOf(StorageException.class)
                .hasMessage(message);
        assertThatThrownBy(() -> EmbeddingStore.encode(folder, others, encoder, OPTIONS, done -> {}))
                .isInstanceOf(StorageException.class)
                .hasMessage(message);
    }

    @Test
    void refusesAnotherEncoderAndSaysSo() {
        encode();
        assertThatThrownBy(() -> EmbeddingStore.open(folder, PROMPTS, "another fingerprint"))
                .isInstanceOf(StorageException.class)
                .hasMessage(
                        "The text encoder is not the one that %s was encoded from (SHA-256 another fing..., then fingerprint ...); take that one, or encode into another folder",
                        folder);
    }

    @Test
    void refusesAnotherType() {
        encode();
        EmbeddingOptions wide = new EmbeddingOptions(DType.F32, 2, 1 << 20);
        assertThatThrownBy(() -> EmbeddingStore.encode(folder, PROMPTS, encoder, wide, done -> {}))
                .isInstanceOf(StorageException.class)
                .hasMessage("%s holds F16, but F32 was asked for; ask for that, or choose another folder", folder);
    }

    @Test
    void refusesToBeginWithoutRoom() {
        EmbeddingLayout layout = EmbeddingLayout.of(COUNT, 3, 5, OPTIONS);
        assertThatThrownBy(() ->
                        new EmbeddingWriter(folder, PROMPTS, encoder, 2, disk -> 17_073).write(layout, done -> {}))
                .isInstanceOf(StorageException.class)
                .hasMessage(
                        "The hidden states of 23 prompts, 3 x 5 in F16, take 17,074 bytes (0.0 GB) in %s, but only 17,073 bytes (0.0 GB) are free; free some, choose another disk, store F16, or encode on the fly",
                        folder);
        assertThat(encoder.calls).isEmpty();
        assertThat(names()).isEmpty();

        new EmbeddingWriter(folder, PROMPTS, encoder, 2, disk -> 17_074).write(layout, done -> {});
        assertThat(EmbeddingStore.isComplete(folder)).isTrue();
    }

    @Test
    void whatIsThereNeedsNoRoom() throws IOException {
        encode();
        Files.delete(folder.resolve("embeddings-00004-of-00004.safetensors"));
        EmbeddingLayout layout = EmbeddingLayout.of(COUNT, 3, 5, OPTIONS);

        new EmbeddingWriter(folder, PROMPTS, encoder, 2, disk -> 5 * 30 + 4096).write(layout, done -> {});

        assertThat(EmbeddingStore.isComplete(folder)).isTrue();
    }

    @Test
    void refusesValuesThatTheTypeCannotHold() {
        refusesValue(
                65520f, DType.F16, "the hidden states of prompt 7 hold 65520.0, which is not finite in F16; store F32");
        refusesValue(
                Float.NaN,
                DType.F32,
                "the hidden states of prompt 7 hold NaN, which is not finite in F32; the text encoder is broken");
        refusesValue(
                Float.NEGATIVE_INFINITY,
                DType.F16,
                "the hidden states of prompt 7 hold -Infinity, which is not finite in F16; the text encoder is broken");
    }

    private void refusesValue(float value, DType dtype, String message) {
        FakeEncoder spoilt = new FakeEncoder() {
            @Override
            public void encode(List<String> prompts, FloatBuffer out) {
                int at = out.position();
                super.encode(prompts, out);
                if (prompts.contains("prompt 7")) {
                    out.put(at + 15 * prompts.indexOf("prompt 7") + 14, value);
                }
            }
        };
        Path store = folder.resolve(dtype + " " + value);
        EmbeddingOptions options = new EmbeddingOptions(dtype, 2, 1 << 20);
        assertThatThrownBy(() -> EmbeddingStore.encode(store, PROMPTS, spoilt, options, done -> {}))
                .isInstanceOf(StorageException.class)
                .hasMessage(message);
    }

    @Test
    void oneProcessAtATimeEncodes() {
        try (FolderLock lock = FolderLock.acquire(folder)) {
            assertThatThrownBy(this::encode)
                    .isInstanceOf(StorageException.class)
                    .hasMessageStartingWith("%s is being written to by process ", folder);
        }
        assertThatCode(this::encode).doesNotThrowAnyException();
    }

    @Test
    void refusesADamagedIndexAsSuch() throws IOException {
        encode();
        Path index = folder.resolve("index.json");
        String good = Files.readString(index).strip();
        for (int i = 0; i < good.length(); i++) {
            Files.writeString(index, good.substring(0, i));
            assertThatThrownBy(this::open).isInstanceOf(SwiftBrushException.class);
            if (good.charAt(i) != ' ') {
                Files.writeString(index, good.substring(0, i) + "~" + good.substring(i + 1));
                assertThatThrownBy(() -> {
                            try (EmbeddingStore store = open()) {
                                store.verify();
                            }
                        })
                        .isInstanceOf(SwiftBrushException.class);
            }
        }
        Files.writeString(index, good.replace("\"count\" : 23", "\"count\" : 2147483647"));
        assertThatThrownBy(this::open)
                .hasMessage(
                        "%s says that it holds 2147483647 prompts, but they are 23; delete it and encode again", index);
        Files.writeString(index, good.replace("\"width\" : 5", "\"width\" : 2147483647"));
        assertThatThrownBy(this::open)
                .hasMessage(
                        "%s: 6 prompts of 3 x 2147483647 in F16 are more than a shard can hold, which is 2147483647 bytes",
                        index);
        Files.writeString(index, "{}");
        assertThatThrownBy(this::open)
                .isInstanceOf(ModelException.class)
                .hasMessage("%s: format must be a string, but was absent", index);
    }

    @Test
    void anEmptyFolderIsNoStore() {
        assertThat(EmbeddingStore.isComplete(folder)).isFalse();
        assertThatThrownBy(this::open)
                .isInstanceOf(StorageException.class)
                .hasMessage("%s holds no encoded prompts; encode them first", folder);
    }

    /** Fails at a call, as a process would that is killed there. */
    private static final class StoppingEncoder extends FakeEncoder {
        private final int stop;

        StoppingEncoder(int stop) {
            this.stop = stop;
        }

        @Override
        public void encode(List<String> prompts, FloatBuffer out) {
            if (calls.size() == stop) {
                throw new IllegalStateException("stopped");
            }
            super.encode(prompts, out);
        }
    }

    private void encode() {
        EmbeddingStore.encode(folder, PROMPTS, encoder, OPTIONS, done -> {});
    }

    private EmbeddingStore open() {
        return EmbeddingStore.open(folder, PROMPTS, encoder.fingerprint());
    }

    private static float[] read(PromptEmbeddings embeddings, int index) {
        FloatBuffer out = FloatBuffer.allocate(15);
        embeddings.read(index, out);
        return out.array();
    }

    private static Prompts prompts(int count) {
        return Prompts.of(IntStream.range(0, count).mapToObj(i -> "prompt " + i).toList());
    }

    private List<String> names() {
        return List.copyOf(contents(folder).keySet());
    }

    private Map<String, String> contents() {
        return contents(folder);
    }

    /** The hash of every file in {@code of} but the lock, by name. */
    private static Map<String, String> contents(Path of) {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.list(of)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (!file.endsWith(".lock")) {
                    contents.put(file.getFileName().toString(), Sha256.of(file));
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return contents;
    }
}
