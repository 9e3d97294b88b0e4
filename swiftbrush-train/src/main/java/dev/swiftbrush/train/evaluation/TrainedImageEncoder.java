package dev.swiftbrush.train.evaluation;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.weights.MappedWeights;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.SafetensorsWriter;
import dev.swiftbrush.runtime.weights.SafetensorsWriter.Declaration;
import dev.swiftbrush.runtime.weights.Scope;
import dev.swiftbrush.runtime.weights.StoredTensor;
import dev.swiftbrush.train.evaluation.PictureTensors.View;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.NoGrad;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * An image encoder with its weights: gives pictures and sentences features of length one, which point the same way where they
 * belong together. Use from one thread.
 *
 * @param weights not to be changed any more
 */
public record TrainedImageEncoder(ImageEncoder encoder, FlatTensor weights) {
    private static final int AT_ONCE = 64;
    private static final String TEXT_ENCODER = "text_encoder";

    /**
     * Reads what {@link #write} has written.
     *
     * @param textEncoder fingerprint of the encoder that the sentences come from
     * @throws ModelException if the file cannot be read, or is another network's
     */
    public static TrainedImageEncoder read(Path file, ImageEncoder encoder, String textEncoder) {
        FlatTensor weights = FlatTensor.zeros(encoder.weights(), TorchDevice.cpu(), DType.F32);
        Safetensors opened = Safetensors.open(file);
        if (!textEncoder.equals(opened.metadata().get(TEXT_ENCODER))) {
            throw new ModelException(
                    "%s was trained against another text encoder; train it anew against this one".formatted(file));
        }
        Map<String, StoredTensor> stored = opened.tensors();
        try (MappedWeights mapped = new MappedWeights()) {
            for (String name : weights.names()) {
                StoredTensor found = stored.get(name);
                if (found == null || !Shape.of(found.sizes()).equals(weights.shape(name))) {
                    throw new ModelException("%s should hold '%s' %s, but %s"
                            .formatted(
                                    file,
                                    name,
                                    weights.shape(name),
                                    found == null ? "does not" : "has it as " + found.shape()));
                }
                weights.set(name, mapped.floats(found));
            }
        }
        return new TrainedImageEncoder(encoder, weights);
    }

    /**
     * Writes the weights as safetensors; a file that is there is replaced.
     *
     * @param textEncoder fingerprint of the encoder that the sentences came from
     */
    public void write(Path file, String textEncoder) {
        List<Declaration> declarations = weights.shapes().entrySet().stream()
                .map(each -> new Declaration(
                        each.getKey(),
                        DType.F32,
                        LongStream.of(each.getValue().sizes()).boxed().toList()))
                .toList();
        try (SafetensorsWriter writer =
                SafetensorsWriter.create(file, declarations, Map.of("format", "pt", TEXT_ENCODER, textEncoder))) {
            for (String name : weights.names()) {
                weights.read(name, chunk -> writer.write(name, chunk));
            }
        }
    }

    /** Features of pictures, which are RGB bytes of the encoder's size. */
    public List<float[]> features(List<byte[]> pictures) {
        List<float[]> all = new ArrayList<>();
        for (int from = 0; from < pictures.size(); from += AT_ONCE) {
            List<View> views = pictures.subList(from, Math.min(from + AT_ONCE, pictures.size())).stream()
                    .map(View::plain)
                    .toList();
            try (NoGrad noGrad = NoGrad.begin();
                    Region region = Region.open()) {
                TorchTensor found = (TorchTensor) encoder.features(
                        Scope.of(TorchWeights.frozen(weights)),
                        PictureTensors.of(views, encoder.size(), TorchDevice.cpu()));
                addRows(all, found.normalized().toFloats());
            }
        }
        return all;
    }

    /** Features of sentences' embeddings, see {@link Sentences}. */
    public List<float[]> sentenceFeatures(List<float[]> sentences) {
        float[] values = new float[sentences.size() * encoder.sentenceWidth()];
        for (int i = 0; i < sentences.size(); i++) {
            System.arraycopy(sentences.get(i), 0, values, i * encoder.sentenceWidth(), encoder.sentenceWidth());
        }
        List<float[]> all = new ArrayList<>();
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            TorchTensor found = (TorchTensor) encoder.sentences(
                    Scope.of(TorchWeights.frozen(weights)),
                    TorchTensor.of(values, TorchDevice.cpu(), sentences.size(), encoder.sentenceWidth()));
            addRows(all, found.normalized().toFloats());
        }
        return all;
    }

    private static void addRows(List<float[]> all, float[] values) {
        for (int from = 0; from < values.length; from += ImageEncoder.FEATURES) {
            all.add(Arrays.copyOfRange(values, from, from + ImageEncoder.FEATURES));
        }
    }
}
