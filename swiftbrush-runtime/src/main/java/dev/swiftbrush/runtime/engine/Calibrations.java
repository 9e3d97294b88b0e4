package dev.swiftbrush.runtime.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.calibration.Calibrated;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.weights.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What calibrations found, a file for each. Thread-safe, also between processes: a file appears whole or not at all.
 *
 * @param entries a folder of this object's own; made when needed
 */
record Calibrations(Path entries) {
    private static final Logger log = LoggerFactory.getLogger(Calibrations.class);

    /**
     * The calibration that is kept, else the one that is made now.
     *
     * @param key tells all that it depends on
     */
    Calibrated get(String key, Supplier<Calibrated> calibrate) {
        Path file = entries.resolve(Fingerprints.sha256(key) + ".json");
        if (Files.exists(file)) {
            try {
                return Calibrated.of(JsonFile.read(file));
            } catch (ModelException e) {
                log.warn("{} is damaged, so the model is calibrated anew: {}", file, e.getMessage());
            }
        }
        Calibrated calibrated = calibrate.get();
        try {
            Files.createDirectories(entries);
            AtomicFile.write(file, calibrated.toJson().getBytes(UTF_8));
        } catch (IOException | ModelException e) {
            log.warn(
                    "The calibration cannot be kept and is made again next time; make {} writable, or call cacheDirectory(Path): {}",
                    entries,
                    e.toString());
        }
        return calibrated;
    }
}
