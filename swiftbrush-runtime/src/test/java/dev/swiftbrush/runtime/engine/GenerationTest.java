package dev.swiftbrush.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.Device;
import dev.swiftbrush.GeneratedImage;
import dev.swiftbrush.GenerationRequest;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.PoolOptions;
import dev.swiftbrush.PromptTruncation;
import dev.swiftbrush.SwiftBrush;
import dev.swiftbrush.runtime.pipeline.ModelShape;
import dev.swiftbrush.runtime.reference.Reference;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** What an application sees of the engine, on the CPU; that the pictures are right is for the reference's tests. */
class GenerationTest {
    private static final Path SD2 = Reference.folder("sd2");
    private static final GenerationRequest REQUEST =
            GenerationRequest.of("a photo of a cat in the snow!").withSeed(42);

    @TempDir
    static Path cache;

    private static SwiftBrush brush;

    @BeforeAll
    static void open() {
        brush = builder(SD2).build();
    }

    @AfterAll
    static void close() {
        brush.close();
    }

    private static SwiftBrush.Builder builder(Path folder) {
        return SwiftBrush.builder()
                .model(folder)
                .recipe("swiftbrush")
                .device(Device.cpu())
                .cacheDirectory(cache);
    }

    @Test
    void theSameSeedGivesTheSameBytes() {
        byte[] rgb = brush.generate(REQUEST).rgb();
        assertThat(brush.generate(REQUEST).rgb()).isEqualTo(rgb);
        try (SwiftBrush another = builder(SD2).build()) {
            assertThat(another.generate(REQUEST).rgb()).isEqualTo(rgb);
        }
    }

    @Test
    void anotherSeedOrPromptGivesAnotherImage() {
        byte[] rgb = brush.generate(REQUEST).rgb();
        assertThat(brush.generate(REQUEST.withSeed(43)).rgb()).isNotEqualTo(rgb);
        assertThat(brush.generate(GenerationRequest.of("a dog").withSeed(42)).rgb())
                .isNotEqualTo(rgb);
    }

    @Test
    void aSeedThatWasDrawnMakesTheImageAgain() {
        GeneratedImage drawn = brush.generate("a cat");
        GenerationRequest again = GenerationRequest.of("a cat").withSeed(drawn.seed());
        assertThat(brush.generate(again).rgb()).isEqualTo(drawn.rgb());
    }

    @Test
    void variationsAreTheImagesOfTheirSeeds() {
        List<GeneratedImage> images = brush.generateAll(REQUEST.variations(3));
        assertThat(images).extracting(GeneratedImage::seed).containsExactly(42L, 43L, 44L);
        for (GeneratedImage image : images) {
            assertThat(image.rgb())
                    .isEqualTo(brush.generate(REQUEST.withSeed(image.seed())).rgb());
        }
    }

    @Test
    void theNoiseOfCudaGivesAnotherImageThanThatOfTheCpuAndItsOwnEachTime() {
        long above32Bits = 42 + (1L << 32);
        try (SwiftBrush cuda = builder(SD2).noise(NoiseGenerator.TORCH_CUDA).build()) {
            GeneratedImage image = cuda.generate(REQUEST);
            assertThat(image.rgb()).isNotEqualTo(brush.generate(REQUEST).rgb());
            assertThat(cuda.generate(REQUEST).rgb()).isEqualTo(image.rgb());
            assertThat(cuda.generate(REQUEST.withSeed(above32Bits)).rgb()).isNotEqualTo(image.rgb());
            assertThat(image.provenance().noise()).isEqualTo("TORCH_CUDA");
        }
        assertThat(brush.generate(REQUEST.withSeed(above32Bits)).rgb())
                .isEqualTo(brush.generate(REQUEST).rgb());
    }

    @Test
    void imagesMadeAtOnceAreThoseMadeOneByOne() throws Exception {
        List<GenerationRequest> requests = List.of(
                REQUEST,
                REQUEST.withSeed(43),
                REQUEST.withSize(64, 32),
                REQUEST.withSize(32, 96),
                GenerationRequest.of("").withSeed(1),
                GenerationRequest.of("a dog").withSeed(42).withSize(96, 96));
        List<byte[]> oneByOne =
                requests.stream().map(request -> brush.generate(request).rgb()).toList();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (SwiftBrush shared =
                builder(SD2).pool(PoolOptions.defaults().withMaxConcurrent(2)).build()) {
            for (int round = 0; round < 3; round++) {
                List<Callable<byte[]>> tasks = requests.stream()
                        .<Callable<byte[]>>map(
                                request -> () -> shared.generate(request).rgb())
                        .toList();
                List<Future<byte[]>> atOnce = threads.invokeAll(tasks);
                for (int i = 0; i < atOnce.size(); i++) {
                    assertThat(atOnce.get(i).get()).isEqualTo(oneByOne.get(i));
                }
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void anImageHasTheModelsOwnSizeUnlessTheRequestNamesOne() {
        assertThat(brush.generate(REQUEST).size()).isEqualTo(new ImageSize(64, 64));
        GeneratedImage wide = brush.generate(REQUEST.withSize(96, 32));
        assertThat(wide.size()).isEqualTo(new ImageSize(96, 32));
        assertThat(wide.rgb()).hasSize(96 * 32 * 3);
    }

    @Test
    void theModelsOwnSizeNeedNotBeSquare() {
        Path odd = Reference.folder("odd");
        try (SwiftBrush landscape = builder(odd).build()) {
            GeneratedImage image = landscape.generate(REQUEST);
            assertThat(image.size()).isEqualTo(Reference.of(odd).defaultSize());
            assertThat(image.width()).isGreaterThan(image.height());
        }
    }

    @Test
    void refusesAWidthThatIsNotAMultipleOf32() {
        assertThatThrownBy(() -> brush.generate(REQUEST.withSize(500, 512)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("width must be a multiple of 32, but was 500; the nearest are 480 and 512");
    }

    @Test
    void refusesAHeightThatIsSmallerThanAnyTheModelDraws() {
        assertThatThrownBy(() -> brush.generate(REQUEST.withSize(64, 8)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("height must be a multiple of 32, but was 8; the nearest is 32");
    }

    @Test
    void aModelOfFullSizeDrawsMultiplesOf64() {
        ModelShape full = new ModelShape(77, 1024, 4, 8, 64, null);
        assertThatThrownBy(() -> full.size(new ImageSize(500, 512)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("width must be a multiple of 64, but was 500; the nearest are 448 and 512");
        assertThatThrownBy(() -> full.size(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "the model has no size of its own (no sample_size in unet/config.json); give width and height");
    }

    @Test
    void reportsWhatOfALongPromptHadNoEffect() {
        String prompt = "An old man, reading; by the sea. ".repeat(12);
        GeneratedImage image = brush.generate(GenerationRequest.of(prompt).withSeed(42));
        PromptTruncation truncation = image.truncation().orElseThrow();
        assertThat(truncation.limit()).isEqualTo(77);
        assertThat(truncation.tokens()).isGreaterThan(77);
        assertThat(truncation.dropped()).isNotBlank();
        assertThat(prompt).endsWith(truncation.dropped());
        assertThat(image.prompt()).isEqualTo(prompt);

        String kept = prompt.substring(0, prompt.length() - truncation.dropped().length());
        GeneratedImage same = brush.generate(GenerationRequest.of(kept).withSeed(42));
        assertThat(same.truncation()).isEmpty();
        assertThat(same.rgb()).isEqualTo(image.rgb());
    }

    @Test
    void thePngHoldsThePixelsAndWhatTheyWereMadeFrom() throws IOException {
        GenerationRequest request =
                GenerationRequest.of("ein Kätzchen 🐈 im Schnee").withSeed(-1).withSize(64, 32);
        GeneratedImage image = brush.generate(request);
        byte[] png = image.toPngBytes();

        assertThat(pixels(ImageIO.read(new ByteArrayInputStream(png)))).isEqualTo(image.rgb());
        assertThat(texts(png))
                .isEqualTo(Map.of(
                        "prompt", "ein Kätzchen 🐈 im Schnee",
                        "seed", "18446744073709551615",
                        "model", "sd2",
                        "recipe", "swiftbrush",
                        "noise", "TORCH_CPU",
                        "licence", "unknown",
                        "fingerprint", brush.model().fingerprint().sha256(),
                        "Software", "SwiftBrush for Java " + SwiftBrush.version()));
    }

    @Test
    void thePngKeepsThePromptToItselfWhenAsked() throws IOException {
        try (SwiftBrush discreet = builder(SD2).promptInPng(false).build()) {
            GeneratedImage image = discreet.generate(REQUEST);
            assertThat(texts(image.toPngBytes())).doesNotContainKey("prompt").containsEntry("seed", "42");
            assertThat(image.prompt()).isEqualTo(REQUEST.prompt());
        }
    }

    private static byte[] pixels(BufferedImage image) {
        byte[] rgb = new byte[image.getWidth() * image.getHeight() * 3];
        for (int i = 0; i < rgb.length / 3; i++) {
            int color = image.getRGB(i % image.getWidth(), i / image.getWidth());
            rgb[3 * i] = (byte) (color >> 16);
            rgb[3 * i + 1] = (byte) (color >> 8);
            rgb[3 * i + 2] = (byte) color;
        }
        return rgb;
    }

    private static Map<String, String> texts(byte[] png) throws IOException {
        ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
        try (ImageInputStream in = ImageIO.createImageInputStream(new ByteArrayInputStream(png))) {
            reader.setInput(in);
            var root = (Element) reader.getImageMetadata(0).getAsTree("javax_imageio_png_1.0");
            NodeList entries = root.getElementsByTagName("iTXtEntry");
            Map<String, String> texts = new HashMap<>();
            for (int i = 0; i < entries.getLength(); i++) {
                var entry = (Element) entries.item(i);
                texts.put(entry.getAttribute("keyword"), entry.getAttribute("text"));
            }
            return texts;
        } finally {
            reader.dispose();
        }
    }
}
