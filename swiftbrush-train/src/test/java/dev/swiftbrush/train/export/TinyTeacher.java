package dev.swiftbrush.train.export;

import dev.swiftbrush.Device;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.network.Checkpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A tiny checkpoint of the reference. */
record TinyTeacher(Path folder) {

    static TinyTeacher of(String name) {
        return new TinyTeacher(Path.of("../swiftbrush-runtime/src/test/resources/reference", name)
                .toAbsolutePath()
                .normalize());
    }

    /** A copy that a test may change. */
    TinyTeacher copy(Path to) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(folder.relativize(file).toString()));
            }
        }
        return new TinyTeacher(to);
    }

    Checkpoint checkpoint() {
        return Checkpoint.open(folder, false);
    }

    WeightSource unet() {
        return WeightSource.stored(checkpoint().unetWeights().tensors());
    }

    /** The UNet's weights, moved as if they had been trained. */
    WeightSource trainedUnet() {
        WeightSource before = unet();
        return (name, sink) -> before.read(name, chunk -> {
            ByteBuffer after = ByteBuffer.allocate(chunk.remaining()).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = chunk.position(); i < chunk.limit(); i += Float.BYTES) {
                after.putFloat((float) (chunk.getFloat(i) * (1 + 0.2 * Math.sin(i + name.hashCode()))));
            }
            sink.accept(after.flip());
        });
    }

    static SwiftBrush open(Path folder, @Nullable String recipe, Path cache) {
        SwiftBrush.Builder builder = SwiftBrush.builder()
                .model(folder)
                .device(Device.cpu())
                .cacheDirectory(cache)
                .warmUp(false);
        return (recipe == null ? builder : builder.recipe(recipe)).build();
    }
}
