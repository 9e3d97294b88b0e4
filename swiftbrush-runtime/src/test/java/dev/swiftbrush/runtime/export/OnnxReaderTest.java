package dev.swiftbrush.runtime.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.SparseTensorProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ONNX files of others, sound and hostile. */
class OnnxReaderTest {
    private static final String NAME = "unet/model.onnx";
    private static final int FLOAT = TensorProto.DataType.FLOAT_VALUE;

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void create() throws IOException {
        file = folder.resolve(NAME);
        Files.createDirectories(file.getParent());
    }

    private static TensorProto.Builder weight(long... sizes) {
        TensorProto.Builder weight = TensorProto.newBuilder().setName("w").setDataType(FLOAT);
        Arrays.stream(sizes).forEach(weight::addDims);
        return weight;
    }

    private static TensorProto.Builder external(TensorProto.Builder weight, String... entries) {
        weight.setDataLocation(TensorProto.DataLocation.EXTERNAL);
        for (int i = 0; i < entries.length; i += 2) {
            weight.addExternalData(
                    StringStringEntryProto.newBuilder().setKey(entries[i]).setValue(entries[i + 1]));
        }
        return weight;
    }

    private void write(GraphProto.Builder graph) throws IOException {
        write(model(graph));
    }

    private void write(ModelProto.Builder model) throws IOException {
        Files.write(file, model.build().toByteArray());
    }

    private static ModelProto.Builder model(GraphProto.Builder graph) {
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .setGraph(graph);
    }

    private OnnxFile read() {
        return OnnxFile.read(folder, NAME);
    }

    private void assertRefused(String message, Object... args) {
        assertThatThrownBy(this::read).isInstanceOf(ModelException.class).hasMessage(message.formatted(args));
    }

    private static List<String> places(OnnxFile read) {
        return read.model().getGraph().getInitializer(0).getExternalDataList().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .toList();
    }

    @Test
    void aWeightInTheFileStaysThere() throws IOException {
        byte[] content = new byte[4096];
        Arrays.fill(content, (byte) 7);
        write(GraphProto.newBuilder().addInitializer(weight(1024).setRawData(ByteString.copyFrom(content))));

        OnnxFile read = read();
        TensorProto weight = read.model().getGraph().getInitializer(0);
        assertThat(weight.hasRawData()).isFalse();
        int offset = Integer.parseInt(weight.getExternalData(1).getValue());
        assertThat(places(read)).containsExactly("location=unet/model.onnx", "offset=" + offset, "length=4096");
        byte[] file = Files.readAllBytes(this.file);
        assertThat(Arrays.copyOfRange(file, offset, offset + 4096)).isEqualTo(content);
        assertThat(read.places()).containsExactly(NAME);
    }

    @Test
    void aWeightBesideTheFileStaysThere() throws IOException {
        Files.write(file.resolveSibling("model.onnx_data"), new byte[5000]);
        write(GraphProto.newBuilder()
                .addInitializer(external(weight(1024), "location", "model.onnx_data", "offset", "904")));

        OnnxFile read = read();
        assertThat(places(read)).containsExactly("location=unet/model.onnx_data", "offset=904", "length=4096");
        assertThat(read.places()).containsExactly(NAME, "unet/model.onnx_data");
    }

    @Test
    void aSmallWeightIsRead() throws IOException {
        Files.write(file.resolveSibling("model.onnx_data"), new byte[] {1, 2, 3, 4, 5, 6});
        write(GraphProto.newBuilder()
                .addInitializer(external(weight(1), "location", "model.onnx_data", "offset", "2", "length", "4")));

        TensorProto weight = read().model().getGraph().getInitializer(0);
        assertThat(weight.getRawData().toByteArray()).containsExactly(3, 4, 5, 6);
        assertThat(weight.getDataLocation()).isEqualTo(TensorProto.DataLocation.DEFAULT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../model.onnx_data",
                "../../secret",
                "/etc/passwd",
                "a/../../secret",
                "a//b",
                "./model.onnx_data",
                "",
                "C:\\secret",
                "a\\..\\secret",
                ".hidden"
            })
    void weightsElsewhereAreRefused(String location) throws IOException {
        Files.write(folder.resolve("model.onnx_data"), new byte[5000]);
        write(GraphProto.newBuilder().addInitializer(external(weight(1024), "location", location)));
        assertRefused("%s names weights that do not lie beside it: '%s'", file, location);
    }

    @Test
    void weightsThatAreNotThereAreRefused() throws IOException {
        write(GraphProto.newBuilder().addInitializer(external(weight(1024), "location", "model.onnx_data")));
        assertRefused("%s has its weights in %s, which is not there", file, folder.resolve("unet/model.onnx_data"));
    }

    @Test
    void weightsThatEndTooEarlyAreRefused() throws IOException {
        Files.write(file.resolveSibling("model.onnx_data"), new byte[4095]);
        write(GraphProto.newBuilder().addInitializer(external(weight(1024), "location", "model.onnx_data")));
        assertRefused("%s wants the bytes 0 to 4096 of model.onnx_data for 'w', but that has 4095; is it whole?", file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "1e3", "99999999999999999999", "", " 1"})
    void placesThatAreNoNumbersAreRefused(String offset) throws IOException {
        Files.write(file.resolveSibling("model.onnx_data"), new byte[5000]);
        write(GraphProto.newBuilder()
                .addInitializer(external(weight(1024), "location", "model.onnx_data", "offset", offset)));
        assertRefused("%s places the weight 'w' at no number: '%s'", file, offset);
    }

    @Test
    void moreOrFewerBytesThanTheSizesAskForAreRefused() throws IOException {
        write(GraphProto.newBuilder().addInitializer(weight(2, 1024).setRawData(ByteString.copyFrom(new byte[4096]))));
        assertRefused("%s has 4096 bytes for 'w', but its sizes [2, 1024] ask for 8192", file);
    }

    @Test
    void impossibleSizesAreRefused() throws IOException {
        write(GraphProto.newBuilder()
                .addInitializer(external(weight(1L << 40, 1L << 40), "location", "model.onnx_data")));
        assertRefused("%s has a weight 'w' of impossible sizes [1099511627776, 1099511627776]", file);
        write(GraphProto.newBuilder().addInitializer(external(weight(-4), "location", "model.onnx_data")));
        assertRefused("%s has a weight 'w' of impossible sizes [-4]", file);
    }

    @Test
    void weightsOfAnUnknownTypeAreRefused() throws IOException {
        write(GraphProto.newBuilder()
                .addInitializer(external(
                        weight(1024).setDataType(TensorProto.DataType.STRING_VALUE), "location", "model.onnx_data")));
        assertRefused("%s has a weight 'w' of the type 8, which is not supported", file);
    }

    @Test
    void sparseWeightsAreRefused() throws IOException {
        write(GraphProto.newBuilder().addSparseInitializer(SparseTensorProto.newBuilder()));
        assertRefused("%s has sparse weights, which are not supported", file);
    }

    @Test
    void functionsAreRefused() throws IOException {
        write(model(GraphProto.newBuilder())
                .addFunctions(FunctionProto.newBuilder().setName("f")));
        assertRefused("%s defines functions of its own, which are not supported; export it with them inlined", file);
    }

    @Test
    void operatorsThatNeedALibraryAreRefusedInInnerGraphsToo() throws IOException {
        NodeProto evil = NodeProto.newBuilder()
                .setDomain("ai.onnx.contrib")
                .setOpType("PyOp")
                .build();
        write(GraphProto.newBuilder()
                .addNode(NodeProto.newBuilder()
                        .setOpType("If")
                        .addAttribute(AttributeProto.newBuilder()
                                .setName("then_branch")
                                .setG(GraphProto.newBuilder().addNode(evil)))));
        assertRefused(
                "%s uses the operator PyOp of 'ai.onnx.contrib', which is neither ONNX's nor ONNX Runtime's and would need a library of its own; export the model without it",
                file);
    }

    @Test
    void constantsInOtherFilesAreRefused() throws IOException {
        write(GraphProto.newBuilder()
                .addNode(NodeProto.newBuilder()
                        .setOpType("Constant")
                        .addAttribute(AttributeProto.newBuilder()
                                .setName("value")
                                .setT(external(weight(1024), "location", "../secret")))));
        assertRefused("%s keeps a constant in another file, which only weights may be; export it anew", file);
    }

    @Test
    void operatorsThatAreTooOldAreRefused() throws IOException {
        ModelProto.Builder model = model(GraphProto.newBuilder());
        model.getOpsetImportBuilder(0).setVersion(10);
        write(model);
        assertRefused("%s uses operator set 10 of ONNX, but 11 is the oldest that can be run; export it anew", file);
    }

    @Test
    void whatIsNoOnnxModelIsRefused() throws IOException {
        Files.write(file, new byte[0]);
        assertRefused("%s is not an ONNX model: it has no graph or no operator set", file);
        Files.writeString(file, "Stable Diffusion");
        assertThatThrownBy(this::read)
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("%s is not an ONNX model, or is damaged: ".formatted(file));
    }

    @Test
    void aPointerOfGitLfsIsRefusedAsSuch() throws IOException {
        Files.writeString(file, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n");
        assertThatThrownBy(this::read).isInstanceOf(ModelException.class).hasMessageContaining("git lfs pull");
    }

    @Test
    void moreThanAGraphNeedsIsNotRead() throws IOException {
        String name = "x".repeat(OnnxReader.MOST_KEPT_BYTES / 4);
        write(GraphProto.newBuilder()
                .addAllNode(IntStream.range(0, 5)
                        .mapToObj(i -> NodeProto.newBuilder().setName(name).build())
                        .collect(Collectors.toList())));
        assertRefused(
                "%s has more than %d bytes beside its weights; at most that are read",
                file, OnnxReader.MOST_KEPT_BYTES);
    }
}
