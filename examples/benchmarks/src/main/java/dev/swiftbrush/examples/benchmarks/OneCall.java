package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.CalibrationOptions;
import dev.swiftbrush.Device;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.Precision;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.Timings;
import java.io.IOException;
import java.nio.file.Files;

/** An image as an application asks for it: through the public API. */
final class OneCall {
    private OneCall() {}

    static Figures measure(Job job) throws IOException {
        Figures figures = new Figures();
        GenerationRequest request = GenerationRequest.of(Job.PROMPT).withSeed(Job.SEED);
        request = job.size() == null ? request : request.withSize(job.size(), job.size());
        long start = System.nanoTime();
        SwiftBrush.Builder builder = SwiftBrush.builder().model(job.checkpoint());
        if (job.kind().hasTinyDecoder()) {
            builder.decoder(job.tinyDecoder());
        }
        try (SwiftBrush brush = builder.device(Device.cpu())
                .lowMemory(job.kind() == Job.Kind.LOW_MEMORY)
                .precision(job.kind().isInt8() ? Precision.INT8 : Precision.FP32)
                .calibration(CalibrationOptions.defaults().withLeastPsnr(0)) // what it costs is reported
                .cacheDirectory(job.cache())
                .warmUp(false) // the first image is timed for itself
                .promptCacheBytes(0) // and every image encodes its prompt
                .build()) {
            figures.secondsSince("start", start);
            figures.peakMemory("memory.start");
            for (String run : Job.IMAGES) {
                GeneratedImage image = brush.generate(request);
                note(figures, run, image.timings());
                Files.write(job.picture(job.kind()), image.rgb());
            }
        }
        figures.peakMemory("memory");
        return figures;
    }

    private static void note(Figures figures, String run, Timings timings) {
        figures.seconds(run + ".tokens", timings.tokenizing());
        figures.seconds(run + ".text", timings.encoding());
        figures.seconds(run + ".noise", timings.noise());
        figures.seconds(run + ".generator", timings.generating());
        figures.seconds(run + ".total", timings.total());
    }
}
