package dev.swiftbrush.runtime.export;

import static ai.onnx.proto.OnnxMl.TensorProto.DataLocation.EXTERNAL;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.WireFormat;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Reads an ONNX file without its weights: those that the file holds itself become external data that points into it, and so
 * no weight is read or copied. What is kept in memory is limited before it is allocated. Use once, from one thread.
 */
final class OnnxReader {
    /** Of everything but weights. Stable Diffusion's UNet takes 1 to 2 MB. */
    static final int MOST_KEPT_BYTES = 8 << 20;

    /** Smaller tensors are kept: ONNX Runtime has to know the values of those that are sizes. */
    static final int LEAST_WEIGHT_BYTES = 1024;

    /** What a message costs beside its content, at the least. */
    private static final int MESSAGE_BYTES = 32;

    private static final int START_BYTES = 64;

    // beside the ONNX file or below; no "." or "..", nothing that means something to a file system
    private static final Pattern LOCATION =
            Pattern.compile("(?=.{1,240}$)(?!\\.)[^/\\\\:\\p{Cntrl}]+(/(?!\\.)[^/\\\\:\\p{Cntrl}]+)*");
    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");

    private final Path folder;
    private final String name;
    private final Path file;
    private final Map<String, Long> external = new HashMap<>();
    private int left = MOST_KEPT_BYTES;

    /**
     * @param folder of the model, which the places of weights will be relative to
     * @param name of the ONNX file in it, with slashes
     */
    OnnxReader(Path folder, String name) {
        this.folder = folder;
        this.name = name;
        this.file = folder.resolve(name);
    }

    /** @throws ModelException if the file is damaged, too large, or its weights are not where it says */
    ModelProto read() {
        try {
            long bytes = Files.size(file);
            if (bytes > Integer.MAX_VALUE) {
                throw fault("has %d bytes, but an ONNX file has at most %d; larger weights lie beside it"
                        .formatted(bytes, Integer.MAX_VALUE));
            }
            try (InputStream stream = Files.newInputStream(file)) {
                JsonFile.requireFetched(file, stream.readNBytes(START_BYTES));
            }
            try (InputStream stream = Files.newInputStream(file)) {
                return model(CodedInputStream.newInstance(stream, 1 << 16));
            }
        } catch (InvalidProtocolBufferException e) {
            throw new ModelException("%s is not an ONNX model, or is damaged: %s".formatted(file, e.getMessage()), e);
        } catch (IOException e) {
            throw new ModelException("%s cannot be read: %s".formatted(file, e), e);
        }
    }

    /** Where the weights lie, in the order of their names: the ONNX file itself and those that it names. */
    Set<String> places() {
        Set<String> places = new TreeSet<>(external.keySet());
        places.add(name);
        return places;
    }

    private ModelProto model(CodedInputStream in) throws IOException {
        ModelProto.Builder model = ModelProto.newBuilder();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case ModelProto.IR_VERSION_FIELD_NUMBER -> model.setIrVersion(in.readInt64());
                case ModelProto.OPSET_IMPORT_FIELD_NUMBER ->
                    model.addOpsetImport(message(in, OperatorSetIdProto.newBuilder()));
                case ModelProto.GRAPH_FIELD_NUMBER -> {
                    int limit = in.pushLimit(in.readRawVarint32());
                    graph(in, model.getGraphBuilder());
                    in.popLimit(limit);
                }
                case ModelProto.FUNCTIONS_FIELD_NUMBER ->
                    throw fault("defines functions of its own, which are not supported; export it with them inlined");
                default -> in.skipField(tag); // remarks, and what training adds
            }
        }
        if (!model.hasGraph() || model.getOpsetImportCount() == 0) {
            throw fault("is not an ONNX model: it has no graph or no operator set");
        }
        return model.build();
    }

    private void graph(CodedInputStream in, GraphProto.Builder graph) throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case GraphProto.NODE_FIELD_NUMBER -> message(in, graph.addNodeBuilder());
                case GraphProto.INPUT_FIELD_NUMBER -> message(in, graph.addInputBuilder());
                case GraphProto.OUTPUT_FIELD_NUMBER -> message(in, graph.addOutputBuilder());
                case GraphProto.INITIALIZER_FIELD_NUMBER -> graph.addInitializer(initializer(in));
                case GraphProto.SPARSE_INITIALIZER_FIELD_NUMBER ->
                    throw fault("has sparse weights, which are not supported");
                default -> in.skipField(tag); // remarks, and sizes that ONNX Runtime finds out by itself
            }
        }
    }

    private <M extends Message.Builder> M message(CodedInputStream in, M builder) throws IOException {
        int length = in.readRawVarint32();
        keep(length);
        int limit = in.pushLimit(length);
        builder.mergeFrom(in);
        in.checkLastTagWas(0);
        in.popLimit(limit);
        return builder;
    }

    /** A tensor with its content, if that is small; else with the place of its content. */
    private TensorProto initializer(CodedInputStream in) throws IOException {
        int limit = in.pushLimit(in.readRawVarint32());
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(kept, 256);
        keep(0);
        long rawOffset = -1;
        int rawLength = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT) {
                keep(0);
                out.writeUInt32NoTag(tag);
                out.writeUInt64NoTag(in.readRawVarint64());
                continue;
            }
            if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
                in.skipField(tag); // values one by one, which no writer of ONNX has: what lacks them is refused
                continue;
            }
            int length = in.readRawVarint32();
            if (WireFormat.getTagFieldNumber(tag) == TensorProto.RAW_DATA_FIELD_NUMBER
                    && length >= LEAST_WEIGHT_BYTES) {
                rawOffset = in.getTotalBytesRead();
                rawLength = length;
                in.skipRawBytes(length);
            } else {
                keep(length);
                out.writeUInt32NoTag(tag);
                out.writeUInt32NoTag(length);
                out.writeRawBytes(in.readRawBytes(length));
            }
        }
        in.popLimit(limit);
        out.flush();
        TensorProto tensor = TensorProto.parseFrom(kept.toByteArray());
        if (tensor.hasSegment()) {
            throw fault("has a part of a tensor, '%s', which is not supported".formatted(tensor.getName()));
        }
        if (tensor.getDataLocation() == EXTERNAL) {
            return external(tensor);
        }
        if (rawOffset >= 0) {
            requireBytes(tensor, rawLength);
            return placed(tensor, name, rawOffset, rawLength);
        }
        return tensor;
    }

    private TensorProto external(TensorProto tensor) throws IOException {
        Map<String, String> entries = new HashMap<>();
        tensor.getExternalDataList().forEach(entry -> entries.put(entry.getKey(), entry.getValue()));
        String location = entries.getOrDefault("location", "");
        if (!LOCATION.matcher(location).matches()) {
            throw fault("names weights that do not lie beside it: '%s'".formatted(shown(location)));
        }
        long bytes = bytes(tensor);
        long offset = number(entries.getOrDefault("offset", "0"), tensor);
        long length = number(entries.getOrDefault("length", Long.toString(bytes)), tensor);
        requireBytes(tensor, length);
        String place = name.substring(0, name.lastIndexOf('/') + 1) + location;
        long present = size(place);
        if (offset > present - length) {
            throw fault("wants the bytes %d to %d of %s for '%s', but that has %d; is it whole?"
                    .formatted(offset, offset + length, location, shown(tensor.getName()), present));
        }
        if (length >= LEAST_WEIGHT_BYTES) {
            return placed(tensor, place, offset, length);
        }
        keep((int) length);
        return tensor.toBuilder()
                .clearExternalData()
                .clearDataLocation()
                .setRawData(content(folder.resolve(place), offset, (int) length))
                .build();
    }

    private long size(String place) throws IOException {
        Long known = external.get(place);
        if (known == null) {
            Path weights = folder.resolve(place);
            if (!Files.isRegularFile(weights)) {
                throw fault("has its weights in %s, which is not there".formatted(weights));
            }
            known = Files.size(weights);
            external.put(place, known);
        }
        return known;
    }

    private static ByteString content(Path file, long offset, int length) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(length);
        try (SeekableByteChannel channel = Files.newByteChannel(file)) {
            channel.position(offset);
            while (content.hasRemaining() && channel.read(content) >= 0) {
                continue;
            }
        }
        return ByteString.copyFrom(content.flip());
    }

    private static TensorProto placed(TensorProto tensor, String place, long offset, long length) {
        return tensor.toBuilder()
                .setDataLocation(EXTERNAL)
                .clearExternalData()
                .addExternalData(entry(Graph.LOCATION, place))
                .addExternalData(entry("offset", Long.toString(offset)))
                .addExternalData(entry("length", Long.toString(length)))
                .build();
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }

    private long number(String text, TensorProto tensor) {
        if (!NUMBER.matcher(text).matches()) {
            throw fault("places the weight '%s' at no number: '%s'".formatted(shown(tensor.getName()), shown(text)));
        }
        return Long.parseLong(text);
    }

    private void requireBytes(TensorProto tensor, long stored) {
        long wanted = bytes(tensor);
        if (stored != wanted) {
            throw fault("has %d bytes for '%s', but its sizes %s ask for %d"
                    .formatted(stored, shown(tensor.getName()), tensor.getDimsList(), wanted));
        }
    }

    private long bytes(TensorProto tensor) {
        try {
            long elements = 1;
            for (long size : tensor.getDimsList()) {
                if (size < 0) {
                    throw new ArithmeticException("negative size");
                }
                elements = Math.multiplyExact(elements, size);
            }
            return Math.multiplyExact(elements, elementBytes(tensor));
        } catch (ArithmeticException e) {
            throw new ModelException(
                    "%s has a weight '%s' of impossible sizes %s"
                            .formatted(file, shown(tensor.getName()), tensor.getDimsList()),
                    e);
        }
    }

    private long elementBytes(TensorProto tensor) {
        return switch (tensor.getDataType()) {
            case TensorProto.DataType.DOUBLE_VALUE,
                    TensorProto.DataType.INT64_VALUE,
                    TensorProto.DataType.UINT64_VALUE -> 8;
            case TensorProto.DataType.FLOAT_VALUE,
                    TensorProto.DataType.INT32_VALUE,
                    TensorProto.DataType.UINT32_VALUE -> 4;
            case TensorProto.DataType.FLOAT16_VALUE,
                    TensorProto.DataType.BFLOAT16_VALUE,
                    TensorProto.DataType.INT16_VALUE,
                    TensorProto.DataType.UINT16_VALUE -> 2;
            case TensorProto.DataType.INT8_VALUE, TensorProto.DataType.UINT8_VALUE, TensorProto.DataType.BOOL_VALUE ->
                1;
            default ->
                throw fault("has a weight '%s' of the type %d, which is not supported"
                        .formatted(shown(tensor.getName()), tensor.getDataType()));
        };
    }

    /** @throws ModelException if there is no room left for a message of {@code bytes} */
    private void keep(int bytes) {
        if (bytes > left - MESSAGE_BYTES) {
            throw fault("has more than %d bytes beside its weights; at most that are read".formatted(MOST_KEPT_BYTES));
        }
        left -= Math.max(0, bytes) + MESSAGE_BYTES; // protobuf refuses what is below zero
    }

    /** Fit for a message. */
    static String shown(String text) {
        String cut = text.length() > 120 ? text.substring(0, 120) + "..." : text;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }

    private ModelException fault(String problem) {
        return new ModelException("%s %s".formatted(file, problem));
    }
}
