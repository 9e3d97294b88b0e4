package dev.swiftbrush.runtime.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.swiftbrush.CalibrationOptions;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.runtime.calibration.Sample;
import dev.swiftbrush.runtime.noise.Noise;
import dev.swiftbrush.runtime.pipeline.ModelShape;
import dev.swiftbrush.runtime.session.Cancellation;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What a model is calibrated with: prompts, each with a seed of its own, at the model's own size.
 *
 * @param shape of the model
 */
record CalibrationInputs(PromptTokenizer tokenizer, ModelShape shape, CalibrationOptions options) {
    private static final String OWN_PROMPTS = "calibration-prompts.txt";

    /** Of so many prompts in a row the last is held out. */
    private static final int HELD_OUT = 4;

    /** Side of the latents of a model without a size of its own. */
    private static final int USUAL_LATENTS = 64;

    /** Samples to calibrate with, and others to measure with. */
    record Samples(List<Sample> calibrating, List<Sample> heldOut) {}

    /** The prompts asked for, or those that come with the engine. */
    List<String> prompts() {
        return options.prompts().isEmpty() ? ownPrompts() : options.prompts();
    }

    private static List<String> ownPrompts() {
        try (InputStream in =
                Objects.requireNonNull(CalibrationInputs.class.getResourceAsStream(OWN_PROMPTS), OWN_PROMPTS)) {
            return new String(in.readAllBytes(), UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The size that samples are drawn in. */
    ImageSize size() {
        ImageSize own = shape.ownSize();
        int side = USUAL_LATENTS * shape.latentScale();
        return own != null ? own : shape.size(new ImageSize(side, side));
    }

    /** The hidden states of each prompt. */
    List<HostTensor> states(TextSession encoder) {
        return prompts().stream().map(prompt -> states(prompt, encoder)).toList();
    }

    /**
     * @param states of each prompt
     * @param coarse the same by the text encoder over 8-bit integers
     */
    Samples samples(List<HostTensor> states, List<HostTensor> coarse) {
        List<Sample> calibrating = new ArrayList<>();
        List<Sample> heldOut = new ArrayList<>();
        for (int i = 0; i < states.size(); i++) {
            Sample sample = new Sample(noise(i), states.get(i), coarse.get(i));
            (i % HELD_OUT == HELD_OUT - 1 ? heldOut : calibrating).add(sample);
        }
        return new Samples(calibrating, heldOut);
    }

    private HostTensor noise(long seed) {
        ImageSize size = size();
        HostTensor noise = HostTensor.allocate(
                DType.F32,
                1,
                shape.latentChannels(),
                size.height() / shape.latentScale(),
                size.width() / shape.latentScale());
        Noise.fill(NoiseGenerator.TORCH_CPU, seed, noise.data().asFloatBuffer());
        return noise;
    }

    private HostTensor states(String prompt, TextSession encoder) {
        HostTensor ids = HostTensor.allocate(DType.I64, 1, shape.tokens());
        ids.data().asLongBuffer().put(tokenizer.tokenize(prompt).ids());
        HostTensor states = HostTensor.allocate(DType.F32, 1, shape.tokens(), shape.hiddenWidth());
        encoder.encode(ids, states, new Cancellation());
        return states;
    }
}
