package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.pipeline.Closing;
import dev.swiftbrush.runtime.pipeline.Networks;
import dev.swiftbrush.runtime.session.Cancellation;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import java.util.Map;

/** The two networks of a model, opened on one device. */
record OnnxNetworks(TextSession textEncoder, GraphSession generator) implements Networks {

    @Override
    public void encode(HostTensor ids, HostTensor states, Cancellation cancellation) {
        textEncoder.encode(ids, states, cancellation);
    }

    @Override
    public void generate(HostTensor noise, HostTensor states, HostTensor pixels, Cancellation cancellation) {
        generator.run(
                Map.of(GraphExport.NOISE, noise, GraphExport.ENCODER_HIDDEN_STATES, states),
                GraphExport.PIXELS,
                pixels,
                cancellation);
    }

    @Override
    public void close() {
        Closing.all(textEncoder, generator);
    }
}
