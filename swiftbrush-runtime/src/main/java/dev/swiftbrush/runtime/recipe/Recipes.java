package dev.swiftbrush.runtime.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.json.JsonFile;
import dev.swiftbrush.spi.RecipeSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the recipe of a checkpoint: the one asked for, else the one recorded in the checkpoint, else the preset that the
 * checkpoint's name or its own configuration names. Nothing is guessed: a multi-step model looks like a one-step one and would draw
 * garbage.
 */
public final class Recipes {
    /** The file in a checkpoint's folder that records its recipe: {@code {"recipe": "a preset" or {...}}}. */
    public static final String RECORD = "swiftbrush.json";

    private static final List<Preset> PRESETS = load();

    private record Preset(Recipe recipe, JsonFile json) {
        boolean names(String id) {
            for (JsonNode candidate : json.root().path("detect").path("ids")) {
                if (candidate.asText().equals(id)) {
                    return true;
                }
            }
            return false;
        }

        boolean isScheduledBy(String scheduler) {
            return json.root().path("detect").path("scheduler").asText().equals(scheduler);
        }
    }

    private Recipes() {}

    /** {@link #of(Path, RecipeSource, String)} of a checkpoint that is not from a hub. */
    public static Recipe of(Path folder, @Nullable RecipeSource asked) {
        return of(folder, asked, null);
    }

    /**
     * Finds the recipe of the checkpoint in {@code folder}.
     *
     * @param asked what the application asked for, or null
     * @param id what the checkpoint is called on a hub, or null if it is not from there
     * @throws ModelException if no recipe is asked for, recorded or named, or if it cannot be read
     */
    public static Recipe of(Path folder, @Nullable RecipeSource asked, @Nullable String id) {
        if (asked instanceof RecipeSource.Preset preset) {
            return preset(preset.name());
        }
        if (asked instanceof RecipeSource.File file) {
            return Recipe.of(JsonFile.read(file.path()));
        }
        Path record = folder.resolve(RECORD);
        if (Files.exists(record)) {
            return recorded(JsonFile.read(record));
        }
        return detect(folder, id)
                .orElseThrow(() -> new ModelException(
                        "%s does not say how it makes an image in one step, and a multi-step model would draw garbage; if it is a one-step model, call recipe(...) with one of: %s"
                                .formatted(id == null ? folder : id, listed())));
    }

    /** Names of the presets. */
    public static List<String> names() {
        return PRESETS.stream().map(preset -> preset.recipe().name()).toList();
    }

    /** The preset of that name. */
    public static Recipe preset(String name) {
        return PRESETS.stream()
                .map(Preset::recipe)
                .filter(recipe -> recipe.name().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new ModelException("There is no recipe '%s'; the presets are: %s".formatted(name, listed())));
    }

    private static Recipe recorded(JsonFile record) {
        JsonNode recipe = record.root().path("recipe");
        if (recipe instanceof ObjectNode object) {
            return Recipe.of(new JsonFile(record.path(), object));
        }
        return preset(record.text("recipe").orElseThrow(() -> record.fault("recipe", "a preset's name or an object")));
    }

    private static Optional<Recipe> detect(Path folder, @Nullable String id) {
        Optional<String> scheduler = JsonFile.readIfPresent(folder.resolve("scheduler/scheduler_config.json"))
                .flatMap(config -> config.text("_class_name"));
        Stream<String> recorded = Stream.of("model_index.json", "unet/config.json")
                .flatMap(file -> JsonFile.readIfPresent(folder.resolve(file)).stream())
                .flatMap(config -> config.text("_name_or_path").stream());
        List<String> ids = Stream.concat(Stream.ofNullable(id), recorded).toList();
        return PRESETS.stream()
                .filter(preset -> ids.stream().anyMatch(preset::names)
                        || scheduler.filter(preset::isScheduledBy).isPresent())
                .map(Preset::recipe)
                .findFirst();
    }

    private static String listed() {
        return String.join(", ", names());
    }

    private static List<Preset> load() {
        JsonFile presets = JsonFile.resource(Recipes.class, "presets.json");
        List<Preset> result = new ArrayList<>();
        for (JsonNode preset : presets.root().path("presets")) {
            JsonFile json = new JsonFile(presets.path(), (ObjectNode) preset);
            result.add(new Preset(Recipe.of(json), json));
        }
        return List.copyOf(result);
    }
}
