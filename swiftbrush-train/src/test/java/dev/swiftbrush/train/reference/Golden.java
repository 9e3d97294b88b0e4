package dev.swiftbrush.train.reference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.StoredTensor;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/** What the reference computed, as recorded by {@code tools/reference}. */
public final class Golden {
    private static final Path FOLDER = Path.of("src/test/resources/reference");
    private static final Path CHECKPOINTS = Path.of("../swiftbrush-runtime/src/test/resources/reference");

    private final Map<String, StoredTensor> tensors;
    private final JsonNode json;

    private Golden(Path base) {
        this.tensors = Safetensors.open(base.resolveSibling(base.getFileName() + ".safetensors"))
                .tensors();
        try {
            this.json = new ObjectMapper()
                    .readTree(base.resolveSibling(base.getFileName() + ".json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Golden of(String name) {
        return new Golden(FOLDER.resolve(name));
    }

    /** One of the tiny checkpoints. */
    public static Checkpoint checkpoint(String name) {
        return Checkpoint.open(folder(name), false);
    }

    /** The folder of one of the tiny checkpoints. */
    public static Path folder(String name) {
        return CHECKPOINTS.resolve(name);
    }

    public JsonNode json() {
        return json;
    }

    public Set<String> names() {
        return tensors.keySet();
    }

    public long[] sizes(String name) {
        return tensors.get(name).sizes();
    }

    public float[] floats(String name) {
        try (MappedWeights mapped = new MappedWeights()) {
            return mapped.floats(tensors.get(name));
        }
    }

    public int[] integers(String name) {
        try (MappedWeights mapped = new MappedWeights()) {
            LongBuffer values = mapped.map(tensors.get(name)).asLongBuffer();
            int[] integers = new int[values.remaining()];
            for (int i = 0; i < integers.length; i++) {
                integers[i] = Math.toIntExact(values.get(i));
            }
            return integers;
        }
    }

    public TorchTensor tensor(String name) {
        return TorchTensor.of(floats(name), TorchDevice.cpu(), sizes(name));
    }

    /** The norm of the difference, over the norm of the reference. */
    public static double distance(float[] values, float[] reference) {
        if (values.length != reference.length) {
            throw new AssertionError("%d values, but the reference has %d".formatted(values.length, reference.length));
        }
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < values.length; i++) {
            difference += Math.pow((double) values[i] - reference[i], 2);
            norm += Math.pow(reference[i], 2);
        }
        return norm == 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
    }
}
