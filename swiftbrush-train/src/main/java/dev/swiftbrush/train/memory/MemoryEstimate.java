package dev.swiftbrush.train.memory;

import dev.swiftbrush.runtime.network.UNet2DConditionModel;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.weights.Scope;
import dev.swiftbrush.train.DistillationSettings;
import dev.swiftbrush.train.DistillationSettings.Method;
import dev.swiftbrush.train.torch.LoraAdapters;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * The memory of a distillation by part, from shapes alone: no weight is read. What libraries take for themselves (the JVM,
 * CUDA's context, kernels' workspaces) comes on top.
 *
 * @param parts bytes by what they are for
 */
public record MemoryEstimate(Map<String, Long> parts) {

    public MemoryEstimate {
        parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
    }

    /**
     * Estimates a distillation.
     *
     * @param latentWidth of the latents
     * @param latentHeight of the latents
     * @param tokens of a prompt
     * @param compute the type that networks compute in
     * @param recomputes whether blocks are run again in the backward pass instead of being kept
     * @param average whether the student's average lies with the rest
     * @param onGpu whether both halves of guidance are one call
     */
    public static MemoryEstimate of(
            UNet2DConditionModel unet,
            DistillationSettings settings,
            int latentWidth,
            int latentHeight,
            int tokens,
            DType compute,
            boolean recomputes,
            boolean average,
            boolean onGpu) {
        boolean half = compute != DType.F32;
        long weights = elements(unet.weights());
        long adapters = settings.method() == Method.SDS
                ? 0
                : elements(LoraAdapters.shapes(unet.weights(), settings.loraTargets(), settings.loraRank()));
        long sum = half && settings.accumulation() > 1 ? Float.BYTES : 0;
        Map<String, Long> parts = new LinkedHashMap<>();
        parts.put("teacher", weights * compute.bytes());
        parts.put("student", weights * (Float.BYTES + (half ? compute.bytes() : 0)));
        parts.put("student's gradients", weights * (compute.bytes() + sum));
        parts.put("student's Adam", weights * 2 * Float.BYTES);
        parts.put("student's average", average && settings.emaDecay() > 0 ? weights * Float.BYTES : 0);
        parts.put("LoRA", adapters * (3L * Float.BYTES + compute.bytes() + (half ? compute.bytes() : 0) + sum));

        int batch = settings.batchSize();
        boolean guided = settings.guidanceScale() != 1 || settings.loraGuidanceScale() != 1;
        long student = pass(unet, batch, latentWidth, latentHeight, tokens, new Activations(compute, true, recomputes));
        long judged = pass(
                unet,
                guided && onGpu ? 2 * batch : batch,
                latentWidth,
                latentHeight,
                tokens,
                new Activations(compute, false, false));
        parts.put("student's activations", student);
        parts.put("teachers' activations", judged);
        return new MemoryEstimate(parts);
    }

    /** All parts together, which are alive at once while the teachers judge what the student made. */
    public long bytes() {
        return parts.values().stream().mapToLong(Long::longValue).sum();
    }

    private static long pass(
            UNet2DConditionModel unet, int batch, int width, int height, int tokens, Activations activations) {
        var config = unet.config();
        unet.predict(
                Scope.of(activations),
                activations.input(batch, config.inChannels(), height, width),
                activations.input(batch, config.levels().get(0).channels()),
                null,
                activations.input(batch, tokens, config.crossAttentionDim()));
        return activations.peak();
    }

    private static long elements(Map<String, Shape> weights) {
        return weights.values().stream()
                .mapToLong(shape -> LongStream.of(shape.sizes()).reduce(1, Math::multiplyExact))
                .sum();
    }
}
