package dev.swiftbrush.train.torch;

import dev.swiftbrush.runtime.tensor.DType;
import java.util.EnumMap;
import java.util.Map;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** libtorch's names of the element types. */
final class Types {
    private static final Map<DType, ScalarType> NAMES = new EnumMap<>(Map.of(
            DType.F64, ScalarType.Double,
            DType.F32, ScalarType.Float,
            DType.F16, ScalarType.Half,
            DType.BF16, ScalarType.BFloat16,
            DType.I64, ScalarType.Long,
            DType.I32, ScalarType.Int,
            DType.U8, ScalarType.Byte,
            DType.BOOL, ScalarType.Bool));

    private Types() {}

    static ScalarType of(DType type) {
        ScalarType name = NAMES.get(type);
        if (name == null) {
            throw new IllegalArgumentException("libtorch is not asked to compute in " + type);
        }
        return name;
    }

    static DType of(ScalarType name) {
        return NAMES.entrySet().stream()
                .filter(entry -> entry.getValue().value == name.value)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("libtorch gave a tensor of the type " + name));
    }
}
