package dev.swiftbrush.train.export;

import dev.swiftbrush.runtime.json.JsonFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The README that goes with a student: what it was made from and how, how to use it, and the licence that its teacher's card
 * names.
 *
 * @param teacher a diffusers folder
 * @param details what to say of the distillation, in order
 */
record ModelCard(String name, Path teacher, String method, Map<String, String> details) {
    private static final long MAX_CARD_BYTES = 1 << 20;
    private static final List<String> LICENCE_KEYS = List.of("license", "license_name", "license_link");
    private static final Pattern VALUE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9 ._:/()+-]{0,200}");
    private static final Pattern REPOSITORY = Pattern.compile("[A-Za-z0-9][\\w.-]{0,95}/[A-Za-z0-9][\\w.-]{0,95}");

    String text() {
        Map<String, String> front = licence();
        String teacherName = teacherName();
        StringBuilder card = new StringBuilder("---\n");
        if (front.isEmpty()) {
            card.append("license: unknown\n");
        }
        front.forEach((key, value) -> card.append("%s: %s\n".formatted(key, value)));
        if (REPOSITORY.matcher(teacherName).matches()) {
            card.append("base_model: %s\n".formatted(teacherName));
        }
        card.append(
                "library_name: diffusers\npipeline_tag: text-to-image\ntags:\n- stable-diffusion\n- one-step\n---\n\n");
        card.append("# ").append(name).append("\n\n");
        card.append("A one-step text-to-image model: a student of `%s`, distilled by %s.\n\n"
                .formatted(teacherName, method));
        card.append(USE);
        card.append("## Distillation\n\n| setting | value |\n|---|---|\n");
        details.forEach((key, value) -> card.append("| %s | %s |\n".formatted(cell(key), cell(value))));
        card.append("\n## Licence\n\n");
        card.append(
                front.isEmpty()
                        ? "The teacher's folder names no licence. Find it before you pass this model on: a student is bound by it.\n"
                        : "The teacher's, `%s`: a student is bound by it.\n"
                                .formatted(
                                        front.getOrDefault("license_name", front.getOrDefault("license", "unknown"))));
        return card.toString();
    }

    private static final String USE = """
            ## Use

            With diffusers, one step and no guidance:

            ```python
            from diffusers import StableDiffusionPipeline

            pipeline = StableDiffusionPipeline.from_pretrained("this folder")
            pipeline("a red heart", num_inference_steps=1, guidance_scale=0).images[0].save("heart.png")
            ```

            With SwiftBrush for Java, which reads how from `swiftbrush.json`:

            ```java
            try (SwiftBrush brush = SwiftBrush.builder().model(Path.of("this folder")).build()) {
                brush.generate("a red heart").writePng(Path.of("heart.png"));
            }
            ```

            """;

    /** The id that the teacher's own configuration gives it, else the name of its folder. */
    private String teacherName() {
        return JsonFile.readIfPresent(teacher.resolve("model_index.json"))
                .flatMap(index -> index.text("_name_or_path"))
                .filter(id -> REPOSITORY.matcher(id).matches())
                .orElseGet(() ->
                        cell(String.valueOf(teacher.toAbsolutePath().normalize().getFileName())));
    }

    /** What the front matter of the teacher's own card says of its licence; empty if nothing or nothing plain. */
    private Map<String, String> licence() {
        Map<String, String> found = new LinkedHashMap<>();
        List<String> lines = frontMatter();
        for (String key : LICENCE_KEYS) {
            for (String line : lines) {
                Matcher value = VALUE.matcher(line.substring(Math.min(line.length(), key.length() + 1))
                        .strip()
                        .replaceAll("^[\"']|[\"']$", ""));
                if (line.startsWith(key + ":") && value.matches()) {
                    found.putIfAbsent(key, value.group());
                }
            }
        }
        return found.containsKey("license") ? found : Map.of();
    }

    private List<String> frontMatter() {
        Path card = teacher.resolve("README.md");
        try {
            if (!Files.isRegularFile(card) || Files.size(card) > MAX_CARD_BYTES) {
                return List.of();
            }
            List<String> lines = new String(Files.readAllBytes(card), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            return lines.isEmpty() || !lines.get(0).strip().equals("---")
                    ? List.of()
                    : lines.stream()
                            .skip(1)
                            .takeWhile(line -> !line.strip().equals("---"))
                            .toList();
        } catch (IOException e) { // a card is no condition
            return List.of();
        }
    }

    private static String cell(String text) {
        return text.codePoints()
                .mapToObj(c -> Character.isISOControl(c) || c == '`' ? " " : c == '|' ? "\\|" : Character.toString(c))
                .collect(Collectors.joining());
    }
}
