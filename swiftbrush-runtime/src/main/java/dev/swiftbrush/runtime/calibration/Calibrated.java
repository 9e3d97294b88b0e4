package dev.swiftbrush.runtime.calibration;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.export.Quantization;
import dev.swiftbrush.runtime.export.Quantization.Layer;
import dev.swiftbrush.runtime.export.Quantization.Range;
import dev.swiftbrush.runtime.json.JsonFile;
import java.util.ArrayList;
import java.util.List;

/**
 * How a model runs over 8-bit integers, and what that costs.
 *
 * @param error the mean of pictures that were not calibrated with, against single precision
 */
public record Calibrated(Quantization quantization, PictureError error) {
    private static final String PSNR = "psnr";
    private static final String SSIM = "ssim";
    private static final String TEXT_ENCODER = "text_encoder";
    private static final String LAYERS = "layers";
    private static final int NUMBERS = 4;

    /** A JSON object, in which a layer is its input's and its output's range, and one that stays exact has a fifth element. */
    public String toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put(PSNR, error.psnr());
        json.put(SSIM, error.ssim());
        json.put(TEXT_ENCODER, quantization.textEncoder());
        ArrayNode layers = json.putArray(LAYERS);
        for (Layer layer : quantization.layers()) {
            ArrayNode numbers = layers.addArray();
            numbers.add(layer.input().low()).add(layer.input().high());
            numbers.add(layer.output().low()).add(layer.output().high());
            if (layer.exact()) {
                numbers.add(true);
            }
        }
        return json.toString();
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @throws ModelException if it is anything else
     */
    public static Calibrated of(JsonFile json) {
        double psnr = json.number(PSNR, -PictureError.EQUAL, PictureError.EQUAL)
                .orElseThrow(() -> json.fault(PSNR, "a number of dB"));
        double ssim = json.number(SSIM, -1, 1).orElseThrow(() -> json.fault(SSIM, "a number up to 1"));
        List<Layer> layers = new ArrayList<>();
        for (JsonNode numbers : json.root().path(LAYERS)) {
            layers.add(layer(json, numbers));
        }
        boolean textEncoder = json.flag(TEXT_ENCODER, false);
        return new Calibrated(new Quantization(layers, textEncoder), new PictureError(psnr, ssim));
    }

    private static Layer layer(JsonFile json, JsonNode numbers) {
        for (int i = 0; i < NUMBERS; i++) {
            if (!numbers.path(i).isNumber()) {
                throw json.fault(LAYERS, "lists of four numbers");
            }
        }
        try {
            Range input = new Range(numbers.get(0).floatValue(), numbers.get(1).floatValue());
            Range output = new Range(numbers.get(2).floatValue(), numbers.get(3).floatValue());
            return new Layer(input, output, numbers.path(NUMBERS).asBoolean());
        } catch (IllegalArgumentException e) {
            throw json.fault(LAYERS, "ranges around 0");
        }
    }
}
