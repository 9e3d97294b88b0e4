package dev.swiftbrush;

import java.nio.file.Path;

/** The code that the javadoc shows. */
final class SwiftBrushExamples {

    private SwiftBrushExamples() {}

    static void oneImage(Path modelFolder, Path file) {
        // @start region="one-image"
        try (SwiftBrush brush = SwiftBrush.builder().model(modelFolder).build()) {
            GenerationRequest request =
                    GenerationRequest.of("a red fox in the snow").withSeed(42);
            brush.generate(request).writePng(file);
        }
        // @end
    }
}
