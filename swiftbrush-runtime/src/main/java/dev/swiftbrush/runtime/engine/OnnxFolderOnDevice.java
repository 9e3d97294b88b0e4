package dev.swiftbrush.runtime.engine;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.export.LocatedGraph;
import dev.swiftbrush.runtime.export.OnnxPipeline;
import dev.swiftbrush.runtime.pipeline.Closing;
import dev.swiftbrush.runtime.pipeline.Networks;
import dev.swiftbrush.runtime.recipe.OneStep;
import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.session.GraphSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A folder of ONNX files as one device runs it: as two sessions, or as three where its networks do not fit into one graph. */
final class OnnxFolderOnDevice implements OnDevice {
    private static final Logger log = LoggerFactory.getLogger(OnnxFolderOnDevice.class);

    private final OnnxFolder folder;
    private final ComputeDevice device;
    private final Fingerprints fingerprints;
    private final Map<String, String> hashes;
    private final ModelProto textEncoder;

    /** From noise to pixels: one graph or, from noise to latents and on to pixels, two. */
    private final List<ModelProto> generator;

    OnnxFolderOnDevice(OnnxFolder folder, ComputeDevice device, OneStep recipe, int tokens, Fingerprints fingerprints) {
        this.folder = folder;
        this.device = device;
        this.fingerprints = fingerprints;
        this.hashes = folder.hashes(fingerprints);
        OnnxPipeline pipeline = folder.pipeline();
        this.textEncoder = pipeline.textEncoder(tokens);
        Optional<String> apart = pipeline.apart();
        this.generator = apart.isEmpty()
                ? List.of(pipeline.generator(recipe, folder.scaling()))
                : List.of(pipeline.latents(recipe), pipeline.decoder(folder.scaling()));
        apart.ifPresent(reason -> log.info("{} runs as three networks: {}", folder.path(), reason));
        if (device instanceof ComputeDevice.Cpu && precision().equals("FP16")) {
            log.warn(
                    "The ONNX files in {} compute in FP16, which a CPU does more slowly than FP32; an export in FP32 would be faster",
                    folder.path());
        }
    }

    @Override
    public Networks open() {
        requireSameFiles();
        List<GraphSession> sessions = new ArrayList<>();
        try {
            // the larger first: what it needs while it opens is free again when the next opens
            for (ModelProto graph : generator) {
                sessions.add(open(graph));
            }
            return new OnnxFolderNetworks(
                    open(textEncoder), sessions, folder.pipeline().oneByOne());
        } catch (RuntimeException | Error e) {
            Closing.after(e, sessions.toArray(AutoCloseable[]::new));
            throw e;
        }
    }

    private GraphSession open(ModelProto graph) {
        LocatedGraph located = LocatedGraph.of(graph, folder.path());
        String name = graph.getGraph().getName().replace('_', ' ');
        return GraphSession.openForeign(name, located.bytes(), located.root(), device);
    }

    private void requireSameFiles() {
        Map<String, String> now;
        try {
            now = folder.hashes(fingerprints);
        } catch (ModelException e) {
            throw new ModelException(
                    "The files in %s cannot be read any more; put them back, or open the model anew from elsewhere [%s]"
                            .formatted(folder.path(), e.getMessage()),
                    e);
        }
        if (!now.equals(hashes)) {
            throw new ModelException(
                    "The files in %s have changed since the model was opened; open it anew".formatted(folder.path()));
        }
    }

    @Override
    public long weightBytes() {
        return folder.pipeline().weightBytes();
    }

    @Override
    public long workingBytes(ImageSize size, int batch) {
        return folder.memory().bytes(size, batch);
    }

    @Override
    public ComputeDevice device() {
        return device;
    }

    @Override
    public String precision() {
        return folder.precisionName();
    }
}
