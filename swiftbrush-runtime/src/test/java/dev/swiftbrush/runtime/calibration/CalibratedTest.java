package dev.swiftbrush.runtime.calibration;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.export.Quantization;
import dev.swiftbrush.runtime.export.Quantization.Layer;
import dev.swiftbrush.runtime.export.Quantization.Range;
import dev.swiftbrush.runtime.json.JsonFile;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CalibratedTest {

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void jsonHoldsAll(boolean textEncoder) {
        Layer layer = new Layer(new Range(-0.278f, 6.1f), new Range(-3.3f, 1e-3f), false);
        Calibrated calibrated = new Calibrated(
                new Quantization(List.of(layer, layer.keptExact()), textEncoder), new PictureError(34.5, 0.987));

        assertThat(read(calibrated.toJson())).isEqualTo(calibrated);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"psnr\": 30}",
                "{\"psnr\": 30, \"ssim\": 2, \"layers\": []}",
                "{\"psnr\": 30, \"ssim\": 1, \"layers\": [[0, 1, 0]]}",
                "{\"psnr\": 30, \"ssim\": 1, \"layers\": [[1, 2, 0, 1]]}",
                "{\"psnr\": 30, \"ssim\": 1, \"layers\": [[0, Infinity, 0, 1]]}",
                "{\"psnr\": 30, \"ssim\": 1, \"layers\": [7]}"
            })
    void anythingElseIsRefused(String json) {
        assertThatThrownBy(() -> read(json)).isInstanceOf(ModelException.class).hasMessageContaining("int8.json");
    }

    private static Calibrated read(String json) {
        return Calibrated.of(JsonFile.of(Path.of("int8.json"), json.getBytes(UTF_8)));
    }
}
