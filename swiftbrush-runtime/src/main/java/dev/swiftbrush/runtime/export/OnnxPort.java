package dev.swiftbrush.runtime.export;

import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * An input or output of an ONNX file.
 *
 * @param sizes {@link Shape#UNKNOWN} where it may be any
 */
record OnnxPort(String name, DType type, List<Long> sizes) {

    /** @param where the file, for messages */
    static OnnxPort of(ValueInfoProto value, Object where) {
        int code = value.getType().getTensorType().getElemType();
        DType type = Arrays.stream(DType.values())
                .filter(each -> Graph.type(each) == code)
                .findFirst()
                .orElseThrow(() -> new ModelException("%s has '%s' of a type that is not supported: %s"
                        .formatted(where, OnnxReader.shown(value.getName()), typeName(code))));
        List<Long> sizes = value.getType().getTensorType().getShape().getDimList().stream()
                .map(OnnxPort::size)
                .toList();
        return new OnnxPort(value.getName(), type, sizes);
    }

    private static String typeName(int code) {
        return Optional.ofNullable(TensorProto.DataType.forNumber(code))
                .map(Enum::name)
                .orElse(Integer.toString(code));
    }

    private static long size(TensorShapeProto.Dimension dimension) {
        return dimension.getDimValue() > 0 ? dimension.getDimValue() : Shape.UNKNOWN;
    }

    /** The size at {@code axis} if it is fixed. */
    Optional<Long> fixed(int axis) {
        return Optional.of(sizes.get(axis)).filter(size -> size != Shape.UNKNOWN);
    }

    @Override
    public String toString() {
        return OnnxReader.shown(name) + sizes.toString().replace("-1", "any");
    }
}
