package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.Device;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.TinyCheckpoint;
import dev.swiftbrush.runtime.reference.Reference;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.SafetensorsWriter;
import dev.swiftbrush.runtime.weights.SafetensorsWriter.Declaration;
import dev.swiftbrush.runtime.weights.StoredTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code lowMemory(true)}: nearly the same pictures from weights in half precision. */
class LowMemoryTest {
    private static final GenerationRequest REQUEST =
            GenerationRequest.of("a photo of a cat").withSeed(42).withSize(64, 64);

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd2"})
    void drawsNearlyTheSame(String name) {
        byte[] usual = draw(Reference.folder(name), false);
        byte[] low = draw(Reference.folder(name), true);

        long sum = 0;
        int most = 0;
        for (int i = 0; i < usual.length; i++) {
            int difference = Math.abs(Byte.toUnsignedInt(usual[i]) - Byte.toUnsignedInt(low[i]));
            sum += difference;
            most = Math.max(most, difference);
        }
        assertThat((double) sum / usual.length).as("mean").isLessThan(0.5);
        assertThat(most).as("largest").isLessThanOrEqualTo(4);
    }

    @Test
    void ofHalfPrecisionItDrawsTheSameWithoutACopy() throws IOException {
        Path half = halved("sd2");
        byte[] usual = draw(half, false);
        byte[] low = draw(half, true);

        for (int i = 0; i < usual.length; i++) {
            assertThat(Math.abs(Byte.toUnsignedInt(usual[i]) - Byte.toUnsignedInt(low[i])))
                    .isLessThanOrEqualTo(1);
        }
        assertThat(temp.resolve("cache/half")).doesNotExist();
    }

    @Test
    void copiesOnceWhatIsLargeAndFits() throws IOException {
        Checkpoint checkpoint = open(Reference.folder("sd2"));
        HalfCopy copies = new HalfCopy(temp.resolve("half"));

        Checkpoint copy = copies.of(checkpoint, "hash");

        assertThat(types(copy)).containsEntry("conv_in.bias", DType.F32);
        assertThat(types(copy).get("mid_block.resnets.0.conv1.weight")).isEqualTo(DType.F16);
        assertThat(types(copies.of(copy, "other"))).isEqualTo(types(copy));
        assertThat(temp.resolve("half/other")).doesNotExist();
        assertThat(copy.files().keySet()).contains("half/unet.safetensors", "half/text_encoder.safetensors");
        Path unet = temp.resolve("half/hash/unet.safetensors");
        FileTime past = FileTime.from(Instant.EPOCH);
        Files.setLastModifiedTime(unet, past);
        copies.of(checkpoint, "hash");
        assertThat(Files.getLastModifiedTime(unet)).isEqualTo(past);
    }

    @Test
    void whatIsTooGreatStaysInSinglePrecision() throws IOException {
        TinyCheckpoint model = TinyCheckpoint.copy("sd2", temp.resolve("model"));
        String name = "mid_block.resnets.0.conv1.weight";
        StoredTensor tensor = open(model.folder()).unetWeights().tensors().get(name);
        try (FileChannel channel = FileChannel.open(tensor.file(), StandardOpenOption.WRITE)) {
            ByteBuffer great = ByteBuffer.allocate(Float.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(0, 70_000);
            channel.write(great, tensor.offset());
        }

        Checkpoint copy = new HalfCopy(temp.resolve("half")).of(open(model.folder()), "hash");

        assertThat(types(copy))
                .containsEntry(name, DType.F32)
                .containsEntry("mid_block.resnets.0.conv2.weight", DType.F16);
    }

    @Test
    void aDamagedCopyIsWrittenAnew() throws IOException {
        Checkpoint checkpoint = open(Reference.folder("sd2"));
        HalfCopy copies = new HalfCopy(temp.resolve("half"));
        Checkpoint copy = copies.of(checkpoint, "hash");
        Path unet = temp.resolve("half/hash/unet.safetensors");
        byte[] whole = Files.readAllBytes(unet);
        Files.write(unet, new byte[100]);

        assertThat(types(copies.of(checkpoint, "hash"))).isEqualTo(types(copy));
        assertThat(unet).hasBinaryContent(whole);
    }

    private byte[] draw(Path model, boolean lowMemory) {
        try (SwiftBrush brush = SwiftBrush.builder()
                .model(model)
                .recipe("swiftbrush")
                .device(Device.cpu())
                .lowMemory(lowMemory)
                .cacheDirectory(temp.resolve("cache"))
                .build()) {
            byte[] rgb = brush.generate(REQUEST).rgb();
            assertThat(brush.generate(REQUEST).rgb()).isEqualTo(rgb);
            return rgb;
        }
    }

    private static Checkpoint open(Path folder) {
        return Checkpoint.open(folder, false);
    }

    private static Map<String, DType> types(Checkpoint checkpoint) {
        Map<String, DType> types = new TreeMap<>();
        checkpoint.unetWeights().tensors().forEach((name, tensor) -> types.put(name, tensor.dtype()));
        return types;
    }

    /** A checkpoint with all its weights in half precision. */
    private Path halved(String name) throws IOException {
        TinyCheckpoint model = TinyCheckpoint.copy(name, temp.resolve("model"));
        for (String file : List.of("unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors")) {
            Path target = model.file(file);
            Map<String, StoredTensor> tensors = Safetensors.open(target).tensors();
            try (MappedWeights weights = new MappedWeights();
                    SafetensorsWriter writer = SafetensorsWriter.create(
                            target,
                            tensors.values().stream()
                                    .map(each -> new Declaration(
                                            each.name(),
                                            each.dtype() == DType.F32 ? DType.F16 : each.dtype(),
                                            each.shape()))
                                    .toList(),
                            Map.of())) {
                tensors.forEach((each, tensor) -> writer.writeConverted(each, weights.map(tensor), tensor.dtype()));
            }
        }
        return model.folder();
    }
}
