package dev.swiftbrush.train.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCardTest {
    @TempDir
    Path teacher;

    @Test
    void theLicenceFollowsTheTeachers() throws IOException {
        Files.writeString(teacher.resolve("model_index.json"), "{\"_name_or_path\": \"acme/sd-base\"}");
        card(
                "---\nlicense: other\nlicense_name: \"openrail++\"\nlicense_link: https://example.org/a_b\ntags:\n- x\n---\nText\n");

        assertThat(text())
                .startsWith("""
                ---
                license: other
                license_name: openrail++
                license_link: https://example.org/a_b
                base_model: acme/sd-base
                library_name: diffusers
                pipeline_tag: text-to-image
                tags:
                - stable-diffusion
                - one-step
                ---

                # mine

                A one-step text-to-image model: a student of `acme/sd-base`, distilled by score distillation.
                """)
                .contains("| steps | 10 |")
                .endsWith("## Licence\n\nThe teacher's, `openrail++`: a student is bound by it.\n");
    }

    @Test
    void saysWhenNoLicenceIsKnown() throws IOException {
        for (String card : new String[] {
            "",
            "license: mit\n",
            "---\ntags: x\n---\nlicense: mit\n",
            "---\nlicense:\n- a\n---\n",
            "---\nlicense: [a: &b\n---\n"
        }) {
            card(card);
            assertThat(text())
                    .startsWith("---\nlicense: unknown\nlibrary_name: diffusers\n")
                    .endsWith(
                            "The teacher's folder names no licence. Find it before you pass this model on: a student is bound by it.\n");
        }
    }

    @Test
    void whatOthersWroteStaysInItsPlace() throws IOException {
        Files.writeString(teacher.resolve("model_index.json"), "{\"_name_or_path\": \"a/b\\n---\\n# evil\"}");
        String text = new ModelCard("mine", teacher, "score distillation", Map.of("a|b", "c\n# evil")).text();

        assertThat(text).contains("| a\\|b | c # evil |").doesNotContain("\n# evil");
        assertThat(text).contains("a student of `%s`".formatted(teacher.getFileName()));
    }

    private void card(String text) throws IOException {
        Files.writeString(teacher.resolve("README.md"), text);
    }

    private String text() {
        return new ModelCard("mine", teacher, "score distillation", Map.of("steps", "10")).text();
    }
}
