package dev.swiftbrush.runtime.calibration;

import dev.swiftbrush.runtime.session.HostTensor;

/**
 * What a picture is drawn of.
 *
 * @param noise {@code [1, C, h, w]}
 * @param states the prompt's hidden states {@code [1, N, D]}
 * @param coarse the same by the text encoder over 8-bit integers, if it can be written so
 */
public record Sample(HostTensor noise, HostTensor states, HostTensor coarse) {

    /** The same prompt by that text encoder. */
    Sample encodedCoarsely() {
        return new Sample(noise, coarse, coarse);
    }
}
