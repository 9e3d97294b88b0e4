package dev.swiftbrush.runtime.calibration;

import dev.swiftbrush.runtime.session.HostTensor;

/**
 * What a picture is drawn of.
 *
 * @param noise {@code [1, C, h, w]}
 * @param states the prompt's hidden states {@code [1, N, D]}
 */
public record Sample(HostTensor noise, HostTensor states) {}
