package dev.swiftbrush.train.trainer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.SafetensorsWriter;
import dev.swiftbrush.runtime.weights.SafetensorsWriter.Declaration;
import dev.swiftbrush.runtime.weights.StoredTensor;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.MovingAverage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a training needs to go on as if it had never stopped: for each network its weights, both moments of Adam, its
 * average and its loss scale. Random numbers have no state, see {@link dev.swiftbrush.train.objective.SeededDraws}.
 */
final class TrainingState {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FILE = "state.json";

    private TrainingState() {}

    static void save(Path folder, long step, String identity, List<Trainee> trainees) throws IOException {
        ObjectNode state = JSON.createObjectNode();
        state.put("step", step);
        state.put("identity", identity);
        for (Trainee trainee : trainees) {
            state.putObject(trainee.name())
                    .put("updates", trainee.adam().steps())
                    .put("scale", trainee.scale())
                    .put("since_scaled", trainee.sinceScaled());
            for (Map.Entry<String, FlatTensor> part : parts(trainee).entrySet()) {
                write(folder.resolve(part.getKey()), part.getValue());
            }
        }
        Files.writeString(
                folder.resolve(FILE), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(state));
    }

    /**
     * Fills the networks in.
     *
     * @param identity what must be the same as when it was saved
     * @return steps completed before
     * @throws ModelException if the checkpoint is of another training
     */
    static long load(Path folder, String identity, List<Trainee> trainees) {
        JsonFile state = JsonFile.read(folder.resolve(FILE));
        String saved = state.text("identity").orElse("");
        if (!saved.equals(identity)) {
            throw new ModelException(
                    "%s is of another training: it has %s, asked for is %s; ask for the same, or begin in another folder"
                            .formatted(folder, saved, identity));
        }
        for (Trainee trainee : trainees) {
            for (Map.Entry<String, FlatTensor> part : parts(trainee).entrySet()) {
                read(folder.resolve(part.getKey()), part.getValue());
            }
            var own = state.root().path(trainee.name());
            trainee.resumeAt(
                    own.path("updates").asLong(),
                    own.path("scale").asDouble(),
                    own.path("since_scaled").asLong());
        }
        return state.root().path("step").asLong();
    }

    private static Map<String, FlatTensor> parts(Trainee trainee) {
        Map<String, FlatTensor> parts = new LinkedHashMap<>();
        parts.put(trainee.name() + ".safetensors", trainee.parameters().master());
        parts.put(trainee.name() + ".adam_mean.safetensors", trainee.adam().mean());
        parts.put(trainee.name() + ".adam_square.safetensors", trainee.adam().square());
        MovingAverage average = trainee.average();
        if (average != null) {
            parts.put(trainee.name() + ".ema.safetensors", average.average());
        }
        return parts;
    }

    private static void write(Path file, FlatTensor tensor) {
        List<Declaration> declarations = tensor.names().stream()
                .map(name -> new Declaration(name, DType.F32, sizes(tensor.shape(name))))
                .toList();
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, declarations, Map.of())) {
            for (String name : tensor.names()) {
                tensor.read(name, bytes -> writer.write(name, bytes));
            }
        }
    }

    private static List<Long> sizes(Shape shape) {
        return Arrays.stream(shape.sizes()).boxed().toList();
    }

    private static void read(Path file, FlatTensor tensor) {
        Map<String, StoredTensor> stored = Safetensors.open(file).tensors();
        try (MappedWeights weights = new MappedWeights()) {
            for (String name : tensor.names()) {
                StoredTensor found = stored.get(name);
                if (found == null || !Shape.of(found.sizes()).equals(tensor.shape(name))) {
                    throw new ModelException("%s should hold '%s' %s, but %s"
                            .formatted(
                                    file,
                                    name,
                                    tensor.shape(name),
                                    found == null ? "does not" : "has it as " + found.shape()));
                }
                tensor.set(name, weights.floats(found));
            }
        }
    }
}
