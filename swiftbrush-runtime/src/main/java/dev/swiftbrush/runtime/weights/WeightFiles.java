package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The weights of one component of a diffusers folder ({@code unet/}, {@code vae/}, {@code text_encoder/}), whether they lie
 * in one safetensors file or in shards.
 *
 * <p>Immutable and thread-safe.
 */
public final class WeightFiles {

    /** Ends of names of files that are never loaded. */
    public static final List<String> PICKLES = List.of(".bin", ".ckpt", ".pt", ".pth");

    private final Map<String, StoredTensor> tensors;
    private final List<Path> files;

    private WeightFiles(Map<String, StoredTensor> tensors, List<Path> files) {
        this.tensors = Collections.unmodifiableMap(tensors);
        this.files = List.copyOf(files);
    }

    /** {@link #open(Path, String, boolean)}, full precision preferred. */
    public static WeightFiles open(Path folder, String baseName) {
        return open(folder, baseName, false);
    }

    /**
     * Finds the weights in {@code folder} and reads their headers.
     *
     * <p>The first that exists is taken of: {@code <base>.safetensors}, {@code <base>.safetensors.index.json},
     * {@code <base>.fp16.safetensors}, {@code <base>.safetensors.index.fp16.json}.
     *
     * @param baseName {@code "diffusion_pytorch_model"} or, for a text encoder, {@code "model"}
     * @param preferFp16 looks for the two fp16 files before the other two
     * @throws ModelException if there are none, or only pickle files, which are never loaded; if a file breaks the format;
     *     or if an index and its shards do not name exactly the same tensors
     */
    public static WeightFiles open(Path folder, String baseName, boolean preferFp16) {
        if (!Files.isDirectory(folder)) {
            throw new ModelException("there is no folder " + folder);
        }
        List<String> full = List.of(baseName + ".safetensors", baseName + ".safetensors.index.json");
        List<String> fp16 = List.of(baseName + ".fp16.safetensors", baseName + ".safetensors.index.fp16.json");
        List<String> candidates = new ArrayList<>(preferFp16 ? fp16 : full);
        candidates.addAll(preferFp16 ? full : fp16);
        for (String candidate : candidates) {
            Path file = folder.resolve(candidate);
            if (Files.exists(file)) {
                return candidate.endsWith(".json") ? sharded(file) : single(file);
            }
        }
        throw nothingFound(folder, candidates);
    }

    /** Every tensor by name, file after file, in the order in which they lie there. */
    public Map<String, StoredTensor> tensors() {
        return tensors;
    }

    /** The safetensors files, without the index. */
    public List<Path> files() {
        return files;
    }

    private static WeightFiles single(Path file) {
        return new WeightFiles(Safetensors.open(file).tensors(), List.of(file));
    }

    private static WeightFiles sharded(Path indexFile) {
        ShardIndex index = ShardIndex.read(indexFile);
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        List<Path> files = new ArrayList<>();
        for (Map.Entry<String, List<String>> shard : index.byShard().entrySet()) {
            Path file = indexFile.resolveSibling(shard.getKey());
            if (!Files.exists(file)) {
                throw new ModelException(
                        "%s names the shard %s, which is not beside it".formatted(indexFile, shard.getKey()));
            }
            Map<String, StoredTensor> stored = Safetensors.open(file).tensors();
            requireSame(indexFile, file, shard.getValue(), stored);
            tensors.putAll(stored);
            files.add(file);
        }
        return new WeightFiles(tensors, files);
    }

    /** A tensor may be loaded only from where the index says, and nothing may be in a shard that the index does not know. */
    private static void requireSame(
            Path indexFile, Path file, List<String> promised, Map<String, StoredTensor> stored) {
        List<String> missing =
                promised.stream().filter(name -> !stored.containsKey(name)).toList();
        if (!missing.isEmpty()) {
            throw new ModelException(
                    "%s promises %d tensors that are not in %s, first %s; are index and shards of one checkpoint?"
                            .formatted(indexFile, missing.size(), file, Messages.quoted(missing.get(0))));
        }
        if (stored.size() != promised.size()) {
            List<String> surplus = new ArrayList<>(stored.keySet());
            surplus.removeAll(new HashSet<>(promised));
            throw new ModelException(
                    "%s holds %d tensors that %s does not place there, first %s; are index and shards of one checkpoint?"
                            .formatted(file, surplus.size(), indexFile, Messages.quoted(surplus.get(0))));
        }
    }

    private static ModelException nothingFound(Path folder, List<String> candidates) {
        List<String> pickles = names(folder).stream()
                .filter(name -> PICKLES.stream().anyMatch(name::endsWith))
                .toList();
        if (pickles.isEmpty()) {
            return new ModelException(
                    "no weights in %s; looked for %s".formatted(folder, String.join(", ", candidates)));
        }
        return new ModelException(
                ("%s holds only pickle weights (%s), which can run code when loaded and are never loaded;"
                                + " load the model in Python and write it again with save_pretrained(folder, safe_serialization=True)")
                        .formatted(folder, String.join(", ", pickles)));
    }

    private static List<String> names(Path folder) {
        try (Stream<Path> children = Files.list(folder)) {
            return children.map(child -> child.getFileName().toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new ModelException("%s cannot be read: %s".formatted(folder, Messages.reason(e)), e);
        }
    }
}
