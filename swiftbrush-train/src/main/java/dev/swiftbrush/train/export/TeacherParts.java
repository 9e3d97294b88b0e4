package dev.swiftbrush.train.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.network.TextNetwork;
import dev.swiftbrush.runtime.text.PromptTokenizer;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.StoredTensor;
import dev.swiftbrush.train.files.JsonOutput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The parts of a teacher that its student keeps, laid down as diffusers finds them by itself: without the {@code fp16} in the
 * names of a variant. Weights are hard links where the disk allows it, everything else is copied, and only what is needed.
 */
record TeacherParts(Checkpoint teacher) {
    private static final String CONFIG = "config.json";
    private static final List<String> LICENCES = List.of("LICENSE", "LICENSE.md", "LICENSE.txt");
    private static final long MAX_LICENCE_BYTES = 1 << 20;

    /** All parts but the UNet, of which there is the configuration alone. */
    void place(Path folder) throws IOException {
        placeWithout(folder, "unet");
        copy(
                teacher.folder().resolve("unet").resolve(CONFIG),
                folder.resolve("unet").resolve(CONFIG));
    }

    /** All parts but one of {@code unet} and {@code vae}, whose folder is empty. */
    void placeWithout(Path folder, String replaced) throws IOException {
        placeTextEncoder(folder.resolve("text_encoder"));
        Map<String, Checkpoint.Component> networks = Map.of("unet", teacher.unetWeights(), "vae", teacher.vaeWeights());
        for (Map.Entry<String, Checkpoint.Component> network : networks.entrySet()) {
            if (network.getKey().equals(replaced)) {
                Files.createDirectory(folder.resolve(replaced));
            } else {
                place(network.getValue(), folder.resolve(network.getKey()), "diffusion_pytorch_model");
            }
        }
        for (String name : PromptTokenizer.FILES) {
            copy(
                    teacher.folder().resolve("tokenizer").resolve(name),
                    folder.resolve("tokenizer").resolve(name));
        }
        for (String name : LICENCES) {
            Path licence = teacher.folder().resolve(name);
            if (Files.isRegularFile(licence) && Files.size(licence) <= MAX_LICENCE_BYTES) {
                copy(licence, folder.resolve(name));
            }
        }
    }

    private void placeTextEncoder(Path folder) throws IOException {
        if (teacher.textEncoder() instanceof TextNetwork.Clip clip) {
            place(clip.weights(), folder, "model");
            return;
        }
        Files.createDirectory(folder);
        for (Path file : teacher.textEncoder().files()) {
            String name = file.getFileName().toString();
            if (name.equals(CONFIG)) {
                copy(file, folder.resolve(CONFIG));
            } else {
                link(file, folder.resolve(name));
            }
        }
    }

    private static void place(Checkpoint.Component component, Path folder, String baseName) throws IOException {
        Files.createDirectory(folder);
        Map<String, String> shards = new TreeMap<>();
        long bytes = 0;
        for (Path file : component.files()) {
            String name = file.getFileName().toString();
            if (name.equals(CONFIG)) {
                copy(file, folder.resolve(CONFIG));
                continue;
            }
            String plain = name.replaceFirst("\\.fp16(?=[.-])", "");
            link(file, folder.resolve(plain));
            for (StoredTensor tensor : Safetensors.open(file).tensors().values()) {
                shards.put(tensor.name(), plain);
                bytes += tensor.byteLength();
            }
        }
        if (!Files.exists(folder.resolve(baseName + ".safetensors"))) {
            ObjectNode index = JsonOutput.object();
            index.putObject("metadata").put("total_size", bytes);
            index.set("weight_map", JsonOutput.node(shards));
            JsonOutput.write(folder.resolve(baseName + ".safetensors.index.json"), index);
        }
    }

    private static void link(Path source, Path target) throws IOException {
        Path file = source.toRealPath(); // a hub's cache holds symbolic links
        try {
            Files.createLink(target, file);
        } catch (IOException | UnsupportedOperationException e) { // another disk, or one without hard links
            Files.copy(file, target);
        }
    }

    static void copy(Path source, Path target) throws IOException {
        if (Files.exists(source)) {
            Files.createDirectories(target.toAbsolutePath().resolveSibling(""));
            Files.copy(source.toRealPath(), target);
        }
    }
}
