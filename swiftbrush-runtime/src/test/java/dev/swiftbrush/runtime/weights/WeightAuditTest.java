package dev.swiftbrush.runtime.weights;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WeightAuditTest {
    private static final Path FOLDER = Path.of("unet");
    private static final String FAULT = "The weights in unet are not those of its config.json: ";

    @ParameterizedTest
    @EnumSource(names = {"F64", "F32", "F16", "BF16"})
    void acceptsExactlyWhatWasDeclared(DType type) {
        assertThatCode(() -> WeightAudit.require(
                        FOLDER,
                        Map.of("a", Shape.of(2, 3), "s", Shape.of()),
                        tensors(tensor("a", type, 2, 3), tensor("s", type))))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"F64", "F32", "F16", "BF16"})
    void refusesWholeNumbers(DType type) {
        assertFault(Map.of("a", Shape.of(2)), tensors(tensor("a", type, 2)), "1 not of floating point (a is %s)", type);
    }

    @Test
    void namesWhatIsMissing() {
        assertFault(Map.of("a", Shape.of(2, 3)), Map.of(), "1 missing (a [2, 3])");
    }

    @Test
    void namesWhatHasAnotherShape() {
        assertFault(
                Map.of("a", Shape.of(2, 3)),
                tensors(tensor("a", DType.F32, 3, 2)),
                "1 misshapen (a is [3, 2], not [2, 3])");
        assertFault(Map.of("a", Shape.of(1)), tensors(tensor("a", DType.F32)), "1 misshapen (a is [], not [1])");
    }

    @Test
    void namesWhatNobodyUsesInOrder() {
        assertFault(Map.of(), tensors(tensor("b", DType.F32), tensor("a", DType.F32)), "2 unused ('a', 'b')");
    }

    @Test
    void aNameFromAFileCannotForgeTheMessage() {
        assertFault(Map.of(), tensors(tensor("a\nINFO all is well", DType.F32)), "1 unused ('a?INFO all is well')");
    }

    @Test
    void saysAllAtOnce() {
        Map<String, Shape> declared = new LinkedHashMap<>();
        declared.put("missing", Shape.of(1));
        declared.put("misshapen", Shape.of(2));
        declared.put("whole", Shape.of(3));

        assertFault(
                declared,
                tensors(
                        tensor("misshapen", DType.F32, 1),
                        tensor("whole", DType.I32, 3),
                        tensor("unused", DType.F32, 1)),
                "1 missing (missing [1]); 1 misshapen (misshapen is [1], not [2]); 1 not of floating point (whole is I32); 1 unused ('unused')");
    }

    @Test
    void namesEightOfManyAndCountsTheRest() {
        Map<String, Shape> declared = new LinkedHashMap<>();
        for (int i = 0; i < 100; i++) {
            declared.put("w" + i, Shape.of(i));
        }

        assertFault(
                declared,
                Map.of(),
                "100 missing (w0 [0], w1 [1], w2 [2], w3 [3], w4 [4], w5 [5], w6 [6], w7 [7] and 92 more)");
    }

    private static void assertFault(
            Map<String, Shape> declared, Map<String, StoredTensor> tensors, String fault, Object... arguments) {
        assertThatThrownBy(() -> WeightAudit.require(FOLDER, declared, tensors))
                .isInstanceOf(ModelException.class)
                .hasMessage(FAULT + fault.formatted(arguments));
    }

    private static Map<String, StoredTensor> tensors(StoredTensor... tensors) {
        Map<String, StoredTensor> result = new LinkedHashMap<>();
        for (StoredTensor tensor : tensors) {
            result.put(tensor.name(), tensor);
        }
        return result;
    }

    private static StoredTensor tensor(String name, DType type, Integer... sizes) {
        List<Long> shape = List.of(sizes).stream().map(Integer::longValue).toList();
        long bytes = shape.stream().reduce((long) type.bytes(), Math::multiplyExact);
        return new StoredTensor(name, type, shape, Path.of("model.safetensors"), 0, bytes);
    }
}
