package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.session.Cancellation;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import java.util.Map;
import java.util.function.Supplier;

/** A text encoder opened on one device. Thread-safe but for {@link #close}, which must not come while one runs. */
interface TextSession extends AutoCloseable {

    /**
     * Encodes prompts.
     *
     * @param ids token ids {@code [B, N]}
     * @param states written: hidden states {@code [B, N, D]}
     */
    void encode(HostTensor ids, HostTensor states, Cancellation cancellation);

    @Override
    void close();

    /** CLIP's text model, whose padding is tokens like others. */
    record Clip(GraphSession session) implements TextSession {
        @Override
        public void encode(HostTensor ids, HostTensor states, Cancellation cancellation) {
            session.run(Map.of(GraphExport.INPUT_IDS, ids), GraphExport.ENCODER_HIDDEN_STATES, states, cancellation);
        }

        @Override
        public void close() {
            session.close();
        }
    }

    /** One that is opened for each call, and takes no memory in between. */
    record OnDemand(Supplier<TextSession> opener) implements TextSession {
        @Override
        public void encode(HostTensor ids, HostTensor states, Cancellation cancellation) {
            try (TextSession session = opener.get()) {
                session.encode(ids, states, cancellation);
            }
        }

        @Override
        public void close() {
            // nothing is open
        }
    }
}
