package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.pipeline.Closing;
import dev.swiftbrush.runtime.pipeline.Networks;
import dev.swiftbrush.runtime.session.Cancellation;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The networks of an ONNX folder, opened on one device.
 *
 * @param generator one session from noise to pixels; or two, the first of which gives latents
 * @param oneByOne whether the generator takes one image at a time
 */
record OnnxFolderNetworks(GraphSession textEncoder, List<GraphSession> generator, boolean oneByOne)
        implements Networks {

    OnnxFolderNetworks {
        generator = List.copyOf(generator);
    }

    /** One by one in any case: the encoder may have been exported for one prompt. */
    @Override
    public void encode(HostTensor ids, HostTensor states, Cancellation cancellation) {
        for (int i = 0; i < ids.sizes()[0]; i++) {
            textEncoder.run(
                    Map.of(GraphExport.INPUT_IDS, row(ids, i)),
                    GraphExport.ENCODER_HIDDEN_STATES,
                    row(states, i),
                    cancellation);
        }
    }

    @Override
    public void generate(HostTensor noise, HostTensor states, HostTensor pixels, Cancellation cancellation) {
        if (!oneByOne) {
            draw(noise, states, pixels, cancellation);
            return;
        }
        for (int i = 0; i < noise.sizes()[0]; i++) {
            draw(row(noise, i), row(states, i), row(pixels, i), cancellation);
        }
    }

    private void draw(HostTensor noise, HostTensor states, HostTensor pixels, Cancellation cancellation) {
        Map<String, HostTensor> inputs = Map.of(GraphExport.NOISE, noise, GraphExport.ENCODER_HIDDEN_STATES, states);
        if (generator.size() == 1) {
            generator.get(0).run(inputs, GraphExport.PIXELS, pixels, cancellation);
            return;
        }
        HostTensor latents = HostTensor.allocate(DType.F32, noise.sizes());
        generator.get(0).run(inputs, GraphExport.LATENTS, latents, cancellation);
        generator.get(1).run(Map.of(GraphExport.LATENTS, latents), GraphExport.PIXELS, pixels, cancellation);
    }

    private static HostTensor row(HostTensor batch, int i) {
        long[] sizes = batch.sizes().clone();
        int bytes = batch.data().remaining() / Math.toIntExact(sizes[0]);
        sizes[0] = 1;
        ByteBuffer data =
                batch.data().slice(i * bytes, bytes).order(batch.data().order());
        return new HostTensor(batch.type(), sizes, data);
    }

    @Override
    public void close() {
        Closing.all(Stream.concat(Stream.of(textEncoder), generator.stream()).toArray(AutoCloseable[]::new));
    }
}
