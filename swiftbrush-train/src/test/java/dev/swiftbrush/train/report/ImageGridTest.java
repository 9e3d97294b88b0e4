package dev.swiftbrush.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.train.report.ImageGrid.Picture;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageGridTest {

    private static final int RED = 0xff0000;
    private static final int BLUE = 0x0000ff;
    private static final int BACKGROUND = 0xf4f4f2;

    @TempDir
    Path folder;

    @Test
    void laysPicturesOutRowByRow() throws IOException {
        BufferedImage grid =
                write(new ImageGrid(2, 16), picture(RED, 16, 16), picture(BLUE, 16, 16), picture(RED, 16, 16));

        assertThat(grid.getWidth()).isEqualTo(8 + 2 * (16 + 8));
        assertThat(grid.getHeight()).isEqualTo(8 + 2 * (16 + 8));
        assertThat(rgb(grid, 8, 8)).isEqualTo(RED);
        assertThat(rgb(grid, 23, 23)).isEqualTo(RED);
        assertThat(rgb(grid, 24, 8)).isEqualTo(BACKGROUND);
        assertThat(rgb(grid, 32, 8)).isEqualTo(BLUE);
        assertThat(rgb(grid, 8, 32)).isEqualTo(RED);
        assertThat(rgb(grid, 32, 32)).isEqualTo(BACKGROUND);
    }

    @Test
    void keepsThePixelsOfASmallPictureSharp() throws IOException {
        byte[] rgb = {(byte) 255, 0, 0, 0, 0, (byte) 255}; // a red and a blue pixel
        BufferedImage grid = write(new ImageGrid(1, 16), new Picture(rgb, 2, 1, ""));

        assertThat(rgb(grid, 8 + 7, 8 + 8)).isEqualTo(RED);
        assertThat(rgb(grid, 8 + 8, 8 + 8)).isEqualTo(BLUE);
        assertThat(rgb(grid, 8, 8 + 3)).isEqualTo(BACKGROUND); // 16 x 8, in the middle
        assertThat(rgb(grid, 8, 8 + 4)).isEqualTo(RED);
        assertThat(rgb(grid, 8, 8 + 12)).isEqualTo(BACKGROUND);
    }

    @Test
    void averagesALargePicture() throws IOException {
        byte[] rgb = new byte[3 * 64 * 64];
        for (int i = 0; i < 64 * 64; i++) {
            rgb[3 * i] = (byte) ((i + i / 64) % 2 * 254); // a chessboard of red and black
        }
        BufferedImage grid = write(new ImageGrid(1, 16), new Picture(rgb, 64, 64, ""));

        assertThat(rgb(grid, 12, 12)).isEqualTo(127 << 16);
    }

    @Test
    void writesCaptionsBeneathInTheirOwnSpace() throws IOException {
        BufferedImage plain = write(new ImageGrid(1, 64), picture(RED, 64, 64));
        BufferedImage captioned =
                write(new ImageGrid(1, 64), new Picture(picture(RED, 64, 64).rgb(), 64, 64, "a cat with a hat"));

        assertThat(captioned.getHeight()).isEqualTo(plain.getHeight() + 34);
        assertThat(rgb(captioned, 71, 71)).isEqualTo(RED);
        boolean ink = false;
        for (int y = 72; y < captioned.getHeight(); y++) {
            for (int x = 0; x < captioned.getWidth(); x++) {
                ink |= rgb(captioned, x, y) != BACKGROUND;
            }
        }
        assertThat(ink).isTrue();
    }

    @Test
    void replacesAFileAndLeavesNothingElse() throws IOException {
        write(new ImageGrid(1, 16), picture(RED, 16, 16));
        write(new ImageGrid(1, 16), picture(BLUE, 16, 16));

        assertThat(folder)
                .isDirectoryContaining(file -> file.getFileName().toString().equals("grid.png"));
        assertThat(Files.list(folder)).hasSize(1);
    }

    @Test
    void saysWhereItCannotWrite() {
        Path nowhere = folder.resolve("missing").resolve("grid.png");
        assertThatThrownBy(() -> new ImageGrid(1, 16).write(nowhere, List.of(picture(RED, 1, 1))))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s cannot be written: NoSuchFileException".formatted(nowhere));
    }

    @Test
    void refusesWhatIsNoGrid() {
        assertWrong("columns must be from 1 to 100, but was 0", () -> new ImageGrid(0, 16));
        assertWrong("cellPixels must be from 16 to 2048, but was 4096", () -> new ImageGrid(1, 4096));
        assertWrong("a picture of 2 x 2 has 12 bytes, but 11 were given", () -> new Picture(new byte[11], 2, 2, ""));
        assertWrong(
                "a picture must have from 1 to 100000000 pixels, but was 65536 x 65536",
                () -> new Picture(new byte[0], 65536, 65536, ""));
        assertWrong(
                "a grid needs at least one picture",
                () -> new ImageGrid(1, 16).write(folder.resolve("grid.png"), List.of()));
        assertWrong(
                "100 pictures make a grid of 2064 x 205608 pixels, more than 100000000; use fewer or smaller cells",
                () -> new ImageGrid(1, 2048)
                        .write(folder.resolve("grid.png"), Collections.nCopies(100, picture(RED, 1, 1))));
    }

    @Test
    void breaksCaptionsBetweenWordsAndCutsTheRest() {
        assertThat(lines("", 10)).isEmpty();
        assertThat(lines("a cat", 10)).containsExactly("a cat");
        assertThat(lines("a red cat on a mat", 10)).containsExactly("a red cat", "on a mat");
        assertThat(lines("a red cat on a very old mat", 10)).containsExactly("a red cat", "on a ve...");
        assertThat(lines("  a\tred\ncat ", 10)).containsExactly("a red cat");
        assertThat(lines("antidisestablishment", 10)).containsExactly("antidisest", "ablishment");
        assertThat(lines("bell\u0007", 10)).containsExactly("bell?");
    }

    @Test
    void breaksCaptionsBetweenCharactersOnly() {
        String cats = "\ud83d\udc31".repeat(400);
        assertThat(lines(cats, 3)).containsExactly("\ud83d\udc31", "...");
        assertThat(lines(cats, 1)).containsExactly("\ud83d\udc31", "..."); // never nothing
    }

    private static List<String> lines(String caption, int width) {
        return Caption.lines(caption, 2, width, String::length);
    }

    private static void assertWrong(String message, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    private BufferedImage write(ImageGrid grid, Picture... pictures) throws IOException {
        Path png = folder.resolve("grid.png");
        grid.write(png, List.of(pictures));
        return ImageIO.read(png.toFile());
    }

    private static Picture picture(int color, int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (color >> 8 * (2 - i % 3));
        }
        return new Picture(rgb, width, height, "");
    }

    private static int rgb(BufferedImage image, int x, int y) {
        return image.getRGB(x, y) & 0xffffff;
    }
}
