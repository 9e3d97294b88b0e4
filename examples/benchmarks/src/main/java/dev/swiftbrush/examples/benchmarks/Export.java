package dev.swiftbrush.examples.benchmarks;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtEnvironment;
import dev.swiftbrush.Device;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.export.GraphExport;
import dev.swiftbrush.runtime.export.GraphProfile;
import dev.swiftbrush.runtime.export.LocatedGraph;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writing the graphs: how long SwiftBrush's two take, the three of the plain way for those who run them, and SwiftBrush's
 * UNet and decoder apart.
 */
final class Export {
    static final String TEXT_ENCODER = "text_encoder";
    static final String UNET = "unet";
    static final String DECODER = "decoder";
    static final String OWN_UNET = "own_unet";
    static final String OWN_DECODER = "own_decoder";

    private Export() {}

    static Figures measure(Job job) throws IOException {
        Figures figures = new Figures();
        long start = System.nanoTime();
        Checkpoint checkpoint = Checkpoint.open(job.checkpoint(), false);
        OneStep recipe = recipe(job.checkpoint());
        int tokens = checkpoint.textEncoder().tokens();
        GraphExport own = new GraphExport(checkpoint, DType.F32, GraphProfile.CPU);
        int bytes = own.textEncoder(tokens).toByteArray().length
                + own.generator(recipe).toByteArray().length;
        figures.secondsSince("export", start);
        figures.text("export.bytes", Integer.toString(bytes));

        GraphExport plain = new GraphExport(checkpoint, DType.F32, GraphProfile.PLAIN);
        write(job, TEXT_ENCODER, plain.textEncoder(tokens));
        write(job, UNET, plain.unet(recipe));
        write(job, DECODER, plain.decoder());
        write(job, OWN_UNET, own.unet(recipe));
        write(job, OWN_DECODER, own.decoder());

        figures.text("onnxruntime", OrtEnvironment.getEnvironment().getVersion());
        figures.text("swiftbrush", SwiftBrush.version());
        figures.text("threads", Integer.toString(((ComputeDevice.Cpu) ComputeDevice.of(Device.cpu())).threads()));
        return figures;
    }

    static OneStep recipe(Path checkpoint) {
        return Recipes.of(checkpoint, null).resolve(checkpoint.resolve("scheduler/scheduler_config.json"));
    }

    private static void write(Job job, String name, ModelProto graph) throws IOException {
        Files.write(job.graph(name), LocatedGraph.of(graph, job.checkpoint()).bytes());
    }
}
