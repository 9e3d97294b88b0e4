package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.runtime.network.Checkpoint;
import java.util.List;
import java.util.Objects;

/** Sizes of what passes between the stages. */
record LatentSize(int tokens, int hiddenWidth, int channels, int height, int width, int scale) {

    static LatentSize of(Job job) {
        Checkpoint checkpoint = Checkpoint.open(job.checkpoint(), false);
        int scale = checkpoint.autoencoder().config().scale();
        Integer side = job.size();
        List<Integer> size = side == null
                ? Objects.requireNonNull(checkpoint.unet().config().sampleSize(), "the UNet has no sample_size")
                : List.of(side / scale, side / scale);
        return new LatentSize(
                checkpoint.textEncoder().tokens(),
                checkpoint.textEncoder().width(),
                checkpoint.unet().config().inChannels(),
                size.get(0),
                size.get(1),
                scale);
    }

    long[] sizes() {
        return new long[] {1, channels, height, width};
    }

    int count() {
        return channels * height * width;
    }
}
