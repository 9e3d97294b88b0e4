package dev.swiftbrush.train.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.recipe.NoiseSchedule;
import dev.swiftbrush.runtime.recipe.Prediction;
import dev.swiftbrush.runtime.recipe.Recipes;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.files.AtomicFolder;
import dev.swiftbrush.train.files.JsonOutput;
import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a student as a whole diffusers folder: its UNet, its teacher's other parts, a scheduler that makes one step from the
 * last timestep, the recipe for {@link SwiftBrush}, and a model card. The folder is there whole or not at all. Immutable and
 * thread-safe.
 */
public final class StudentExport {
    private static final Logger log = LoggerFactory.getLogger(StudentExport.class);

    /** The name of the recipe that students have: one step from the last timestep by the exact schedule. */
    public static final String RECIPE = "swiftbrush-distilled";

    private static final String MADE_BY = "swiftbrush-train";

    private final Checkpoint teacher;
    private final NoiseSchedule schedule;
    private final DType dtype;
    private final String method;
    private final Map<String, ?> settings;
    private final boolean replaces;

    private StudentExport(
            Checkpoint teacher,
            NoiseSchedule schedule,
            DType dtype,
            String method,
            Map<String, ?> settings,
            boolean replaces) {
        this.teacher = teacher;
        this.schedule = schedule;
        this.dtype = dtype;
        this.method = method;
        this.settings = settings;
        this.replaces = replaces;
    }

    /**
     * A student of the diffusers folder {@code teacher}, in F32.
     *
     * @param method how it was made, in words: {@code "variational score distillation"}
     * @param settings what is to be known of that, by name: numbers, strings, booleans, lists of them
     * @throws ModelException if the teacher cannot be used
     */
    public static StudentExport of(Path teacher, String method, Map<String, ?> settings) {
        NoiseSchedule schedule = NoiseSchedule.of(JsonFile.read(teacher.resolve("scheduler/scheduler_config.json")));
        if (schedule.prediction() == Prediction.VELOCITY) {
            throw new ModelException(
                    "%s is a rectified flow, for which diffusers has no one-step scheduler of this kind"
                            .formatted(teacher));
        }
        return new StudentExport(
                Checkpoint.open(teacher, false), schedule, DType.F32, method, new LinkedHashMap<>(settings), false);
    }

    /** The type of the UNet's weights: F32 or F16. */
    public StudentExport as(DType type) {
        return new StudentExport(teacher, schedule, WeightFile.requireFloat(type), method, settings, replaces);
    }

    /** Replaces a student that was written before; what else may be in its folder goes with it. */
    public StudentExport replacing() {
        return new StudentExport(teacher, schedule, dtype, method, settings, true);
    }

    /**
     * Writes the folder.
     *
     * @param target absent or empty, or, if {@link #replacing()}, a student's
     * @param unet the UNet's weights, by the names of the teacher's
     * @throws StorageException if something else is at {@code target}, or the disk refuses
     * @throws ModelException if a weight is incomplete or not finite
     */
    public void write(Path target, WeightSource unet) {
        requireFree(target);
        try {
            Files.createDirectories(target.toAbsolutePath().normalize().resolveSibling(""));
        } catch (IOException e) {
            throw StorageException.cannotWrite(target, e);
        }
        try (AtomicFolder folder = AtomicFolder.create(target.toAbsolutePath().normalize())) {
            fill(
                    folder.path(),
                    String.valueOf(target.toAbsolutePath().normalize().getFileName()),
                    unet);
            Checkpoint.open(folder.path(), false);
            if (Files.exists(target)) {
                folder.commitReplacing();
            } else {
                folder.commit();
            }
        }
        log.info("Wrote a student of {} to {}", teacher.folder(), target);
    }

    private void fill(Path folder, String name, WeightSource unet) {
        try {
            new TeacherParts(teacher).place(folder);
            WeightFile.write(
                    folder.resolve("unet/diffusion_pytorch_model.safetensors"),
                    teacher.unet().weights(),
                    weight -> weight,
                    dtype,
                    unet,
                    Map.of("format", "pt"));
            Files.createDirectory(folder.resolve("scheduler"));
            JsonOutput.write(folder.resolve("scheduler/scheduler_config.json"), scheduler());
            JsonOutput.write(folder.resolve("model_index.json"), modelIndex());
            JsonOutput.write(folder.resolve(Recipes.RECORD), record());
            Map<String, String> details = new LinkedHashMap<>();
            settings.forEach((key, value) -> details.put(key, String.valueOf(value)));
            Files.writeString(
                    folder.resolve("README.md"), new ModelCard(name, teacher.folder(), method, details).text());
        } catch (IOException e) {
            throw StorageException.cannotWrite(folder, e);
        }
    }

    /**
     * diffusers' DDIM, told to begin one step at the last timestep, to end at an alpha of 1 and to clip nothing: what is left
     * of it is {@code x0 = (z - sigma·epsilon) / alpha}.
     */
    private ObjectNode scheduler() {
        NoiseSchedule.Betas betas = schedule.betas();
        return JsonOutput.object()
                .put("_class_name", "DDIMScheduler")
                .put("beta_end", betas.end())
                .put("beta_schedule", betas.kind())
                .put("beta_start", betas.start())
                .put("clip_sample", false)
                .put("num_train_timesteps", schedule.timesteps())
                .put("prediction_type", schedule.prediction().key())
                .put("rescale_betas_zero_snr", false)
                .put("set_alpha_to_one", true)
                .put("steps_offset", 1) // no part in trailing spacing, but diffusers warns of any other
                .put("thresholding", false)
                .put("timestep_spacing", "trailing")
                .putNull("trained_betas");
    }

    private ObjectNode modelIndex() {
        JsonFile old = JsonFile.read(teacher.folder().resolve("model_index.json"));
        ObjectNode index = JsonOutput.object().put("_class_name", "StableDiffusionPipeline");
        old.text("_diffusers_version").ifPresent(version -> index.put("_diffusers_version", version));
        index.set("feature_extractor", JsonOutput.node(new String[2]));
        index.put("requires_safety_checker", false);
        index.set("safety_checker", JsonOutput.node(new String[2]));
        index.set("scheduler", JsonOutput.node(List.of("diffusers", "DDIMScheduler")));
        for (String part : List.of("text_encoder", "tokenizer", "unet", "vae")) {
            index.set(part, old.root().path(part));
        }
        return index;
    }

    private ObjectNode record() {
        ObjectNode record = JsonOutput.object();
        record.putObject("recipe")
                .put("name", RECIPE)
                .put("description", "One step from the last timestep, by the exact schedule, no guidance")
                .put("timestep", schedule.timesteps() - 1)
                .put("prediction", schedule.prediction().key());
        record.put("made_by", MADE_BY).put("version", SwiftBrush.version());
        record.putObject("distillation")
                .put(
                        "teacher",
                        String.valueOf(
                                teacher.folder().toAbsolutePath().normalize().getFileName()))
                .put("method", method)
                .set("settings", JsonOutput.node(settings));
        return record;
    }

    private void requireFree(Path target) {
        try {
            if (Files.isDirectory(target) && isEmpty(target)) {
                return;
            }
            if (Files.exists(target) && Files.isSameFile(target, teacher.folder())) {
                throw new StorageException("%s is the teacher itself; choose another folder".formatted(target));
            }
            boolean own = isStudent(target);
            if (Files.exists(target) && !(own && replaces)) {
                throw new StorageException(
                        own
                                ? "%s holds a student already; choose another folder, or ask for it to be replaced"
                                        .formatted(target)
                                : "%s is there and is no student that was written before; choose another folder"
                                        .formatted(target));
            }
        } catch (IOException e) {
            throw StorageException.cannotRead(target, e);
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (Stream<Path> children = Files.list(folder)) {
            return children.findAny().isEmpty();
        }
    }

    private static boolean isStudent(Path folder) {
        try {
            return JsonFile.readIfPresent(folder.resolve(Recipes.RECORD))
                    .flatMap(record -> record.text("made_by"))
                    .filter(MADE_BY::equals)
                    .isPresent();
        } catch (ModelException e) { // whatever it is, it was not written here
            return false;
        }
    }
}
