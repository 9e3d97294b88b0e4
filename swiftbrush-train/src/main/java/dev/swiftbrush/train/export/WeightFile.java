package dev.swiftbrush.train.export;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.weights.SafetensorsWriter;
import dev.swiftbrush.runtime.weights.SafetensorsWriter.Declaration;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;

/** Writes weights into a safetensors file, and nothing that is not finite. */
final class WeightFile {
    private static final float LEAST_INFINITE_F16 = 65520;

    private WeightFile() {}

    /**
     * @param shapes of the weights, by the names that {@code weights} knows
     * @param names what each is called in the file
     * @throws ModelException if a value is not finite in {@code dtype}, a weight is incomplete, or the disk refuses; nothing is
     *     then written
     */
    static void write(
            Path file,
            Map<String, Shape> shapes,
            UnaryOperator<String> names,
            DType dtype,
            WeightSource weights,
            Map<String, String> metadata) {
        requireFloat(dtype);
        List<Declaration> declarations = shapes.entrySet().stream()
                .map(weight -> declaration(names.apply(weight.getKey()), dtype, weight.getValue()))
                .toList();
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, declarations, metadata)) {
            for (String name : shapes.keySet()) {
                weights.read(name, chunk -> {
                    requireFinite(name, chunk, dtype);
                    writer.writeConverted(names.apply(name), chunk, DType.F32);
                });
            }
        }
    }

    static DType requireFloat(DType dtype) {
        if (dtype != DType.F32 && dtype != DType.F16) {
            throw new IllegalArgumentException("weights are written as F32 or F16, not as " + dtype);
        }
        return dtype;
    }

    private static Declaration declaration(String name, DType dtype, Shape shape) {
        return new Declaration(name, dtype, LongStream.of(shape.sizes()).boxed().toList());
    }

    private static void requireFinite(String name, ByteBuffer chunk, DType dtype) {
        float most = dtype == DType.F16 ? LEAST_INFINITE_F16 : Float.POSITIVE_INFINITY;
        FloatBuffer values = chunk.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        while (values.hasRemaining()) {
            float value = values.get();
            if (!(Math.abs(value) < most)) { // neither is NaN
                throw new ModelException("weight '%s' holds %s, which is not finite in %s; %s"
                        .formatted(
                                name,
                                value,
                                dtype,
                                Float.isFinite(value) ? "write F32" : "take an earlier checkpoint"));
            }
        }
    }
}
