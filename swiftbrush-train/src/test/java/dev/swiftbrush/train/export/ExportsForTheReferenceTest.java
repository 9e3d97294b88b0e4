package dev.swiftbrush.train.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writes exports and pictures of them for {@code tools/reference/check_export.py}, which holds them against diffusers, into the
 * folder that {@code -Dswiftbrush.exports=/absolute/path} names.
 */
@EnabledIfSystemProperty(named = "swiftbrush.exports", matches = ".+")
class ExportsForTheReferenceTest {
    private static final int RANK = 3;
    private static final double ALPHA = 5;

    @TempDir
    Path cache;

    @Test
    void writesStudentsAdaptersAndPictures() throws IOException {
        Path exports = Path.of(System.getProperty("swiftbrush.exports"));
        for (String name : new String[] {"sd2", "sd1", "odd"}) {
            TinyTeacher teacher = TinyTeacher.of(name);
            Path folder = Files.createDirectories(exports.resolve(name));
            StudentExport export =
                    StudentExport.of(teacher.folder(), "a test", Map.of()).replacing();
            WeightSource trained = teacher.trainedUnet();
            student(export, folder, "student", trained);
            student(export.as(DType.F16), folder, "student-f16", trained);

            LoraExport lora = new LoraExport(shapes(teacher), ALPHA);
            WeightSource adapters = adapters(lora.shapes());
            lora.write(Files.createDirectories(folder.resolve("lora")), DType.F32, adapters);
            student(export, folder, "merged", lora.merged(trained, adapters));
        }
        try (Stream<Path> written = Files.list(exports)) {
            assertThat(written).hasSize(3);
        }
    }

    private void student(StudentExport export, Path folder, String name, WeightSource weights) {
        export.write(folder.resolve(name), weights);
        try (SwiftBrush brush = TinyTeacher.open(folder.resolve(name), null, cache)) {
            brush.generate(GenerationRequest.of("an old man by the sea!")
                            .withSeed(11)
                            .withSize(64, 32))
                    .writePng(folder.resolve(name + ".png"));
        }
    }

    private static Map<String, Shape> shapes(TinyTeacher teacher) {
        Map<String, Shape> shapes = new TreeMap<>();
        teacher.checkpoint().unet().weights().forEach((name, shape) -> {
            if (name.endsWith(".to_q.weight") || name.endsWith(".attn2.to_v.weight")) {
                String layer = name.substring(0, name.length() - ".weight".length());
                shapes.put(layer + ".lora_A.weight", Shape.of(RANK, shape.get(1)));
                shapes.put(layer + ".lora_B.weight", Shape.of(shape.get(0), RANK));
            }
        });
        return shapes;
    }

    /** Numbers that differ from place to place, no smaller than the weights beside them. */
    private static WeightSource adapters(Map<String, Shape> shapes) {
        return (name, sink) -> {
            Shape shape = Objects.requireNonNull(shapes.get(name), name);
            int count = Math.toIntExact(shape.get(0) * shape.get(1));
            ByteBuffer values = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < count; i++) {
                values.putFloat((float) Math.sin(1.7 * i + name.hashCode()) * 0.4f);
            }
            sink.accept(values.flip());
        };
    }
}
