package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.runtime.session.Cancellation;
import dev.swiftbrush.runtime.session.HostTensor;

/**
 * The two graphs of a model on one device. Thread-safe but for {@link #close}, which must not come while one runs.
 */
public interface Networks extends AutoCloseable {

    /**
     * Encodes prompts.
     *
     * @param ids token ids {@code [B, N]}
     * @param states written: hidden states {@code [B, N, D]}
     */
    void encode(HostTensor ids, HostTensor states, Cancellation cancellation);

    /**
     * Makes pixels of noise and prompts in one network call.
     *
     * @param noise {@code [B, C, h, w]}
     * @param states hidden states {@code [B, N, D]}
     * @param pixels written: RGB bytes {@code [B, H, W, 3]}
     */
    void generate(HostTensor noise, HostTensor states, HostTensor pixels, Cancellation cancellation);

    @Override
    void close();
}
