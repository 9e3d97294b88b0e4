package dev.swiftbrush.examples.benchmarks;

import dev.swiftbrush.Device;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.noise.Noise;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.GraphSession;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;

/** UNet and decoder apart, in SwiftBrush's own sessions: what its one generator graph does not show. */
final class Stages {
    private Stages() {}

    static Figures measure(Job job) throws IOException {
        Figures figures = new Figures();
        LatentSize latents = LatentSize.of(job);
        HostTensor sample = noise(latents.sizes());
        HostTensor epsilon = HostTensor.allocate(DType.F32, latents.sizes());
        HostTensor states = noise(1, latents.tokens(), latents.hiddenWidth());
        HostTensor image = HostTensor.allocate(
                DType.F32, 1, 3, (long) latents.height() * latents.scale(), (long) latents.width() * latents.scale());

        Map<String, HostTensor> inputs = Map.of(GraphExport.NOISE, sample, GraphExport.ENCODER_HIDDEN_STATES, states);
        time(job, Export.OWN_UNET, "unet", inputs, GraphExport.EPSILON, epsilon, figures);
        time(
                job,
                Export.OWN_DECODER,
                "decoder",
                Map.of(GraphExport.LATENTS, sample),
                GraphExport.IMAGE,
                image,
                figures);
        return figures;
    }

    private static void time(
            Job job,
            String file,
            String name,
            Map<String, HostTensor> inputs,
            String output,
            HostTensor result,
            Figures figures)
            throws IOException {
        byte[] graph = Files.readAllBytes(job.graph(file));
        try (GraphSession session =
                GraphSession.open(name, graph, job.checkpoint().toRealPath(), ComputeDevice.of(Device.cpu()))) {
            for (String run : Job.IMAGES) {
                long start = System.nanoTime();
                session.run(inputs, output, result);
                figures.secondsSince(run + "." + name, start);
            }
        }
    }

    private static HostTensor noise(long... sizes) {
        HostTensor tensor = HostTensor.allocate(DType.F32, sizes);
        Noise.fill(NoiseGenerator.TORCH_CPU, Job.SEED, tensor.data().asFloatBuffer());
        return tensor;
    }
}
