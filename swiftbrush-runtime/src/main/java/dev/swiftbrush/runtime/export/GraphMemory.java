package dev.swiftbrush.runtime.export;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a generator needs of memory, kept in the graph, since to find it out means to write the network once more.
 *
 * @param kernelBytes that its weights take beyond what is stored of them: transformed kernels are larger
 * @param height of the latents of the model's own size
 * @param width of the latents of the model's own size
 * @param workingBytes that the values of one run take at once for one image of that size, beside the weights
 */
public record GraphMemory(long kernelBytes, int height, int width, long workingBytes) {
    private static final String KERNELS = "swiftbrush.kernel_bytes";
    private static final String HEIGHT = "swiftbrush.latent_height";
    private static final String WIDTH = "swiftbrush.latent_width";
    private static final String WORKING = "swiftbrush.working_bytes";

    /**
     * What {@link GraphExport#generator} wrote.
     *
     * @throws IllegalArgumentException if there is nothing, or no number
     */
    public static GraphMemory of(ModelProto generator) {
        Map<String, String> properties = generator.getMetadataPropsList().stream()
                .collect(Collectors.toMap(
                        StringStringEntryProto::getKey, StringStringEntryProto::getValue, (first, second) -> second));
        return new GraphMemory(
                Long.parseLong(properties.get(KERNELS)),
                Integer.parseInt(properties.get(HEIGHT)),
                Integer.parseInt(properties.get(WIDTH)),
                Long.parseLong(properties.get(WORKING)));
    }

    /** Whether {@link #workingBytes} is that of such a run. */
    public boolean isOf(int batch, int height, int width) {
        return batch == 1 && height == this.height && width == this.width;
    }

    ModelProto writtenTo(ModelProto generator) {
        return generator.toBuilder()
                .addMetadataProps(property(KERNELS, kernelBytes))
                .addMetadataProps(property(HEIGHT, height))
                .addMetadataProps(property(WIDTH, width))
                .addMetadataProps(property(WORKING, workingBytes))
                .build();
    }

    private static StringStringEntryProto property(String key, long value) {
        return StringStringEntryProto.newBuilder()
                .setKey(key)
                .setValue(Long.toString(value))
                .build();
    }
}
