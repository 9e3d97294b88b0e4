package dev.swiftbrush.examples.emoji;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.WritableRaster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureFileTest {
    /** Four colours in a disc whose lower half is half transparent, by Pillow 13.0.0 with libwebp 1.6.0 at quality 80. */
    private static final String DISC =
            "UklGRiwBAABXRUJQVlA4WAoAAAAQAAAAPwAAPwAAQUxQSJcAAAABFyAQSFKffI2ICAe3sW01zpOXyGmCKihh3e+HUggZ2uT/B2uUR/R/AnDS"
                    + "TUSoSUTEE1HUlzVp3hLzpkXrpW2WaELemsi8monxzcbIGKFvQOReIybOAxsnR5DO236x53V9qXa6/4Oe+wFKBw6QuQAkzo0AdwdQKAzJTGgS"
                    + "4xowd6UQUJPlNFh3I2sBZtKchdwEsKXWioMCAFZQOCBuAAAAsAUAnQEqQABAAD5tMJNGJCMhoTAYCACADYlAGd097wA2WywD8Va/8Az8hJz8"
                    + "IT9lOlnD7XAAAP7p7Pkkcacasu1nMqQOrfZO77k1SPgQ1b7gATnCz8mktPRyfrKP07M/oGryyFGVL8s64OXWAAA=";

    @TempDir
    Path folder;

    @Test
    void laysOnWhiteWhatIsTransparent() throws Exception {
        BufferedImage picture = new BufferedImage(64, 64, BufferedImage.TYPE_INT_ARGB);
        picture.setRGB(1, 2, 0xFF102030);
        picture.setRGB(2, 2, 0x33FF0000);
        BufferedImage read = PictureFile.read(written(picture));
        assertThat(read.getRGB(0, 0)).isEqualTo(0xFFFFFFFF);
        assertThat(read.getRGB(1, 2)).isEqualTo(0xFF102030);
        assertThat(read.getRGB(2, 2)).isEqualTo(0xFFFFCCCC);
    }

    /** Two pixels of four are opaque red, one is opaque black, and one transparent green that must not be seen. */
    @Test
    void averagesColoursAsTheyLookOnWhite() throws Exception {
        BufferedImage picture = new BufferedImage(128, 128, BufferedImage.TYPE_INT_ARGB);
        picture.setRGB(10, 10, 0xFFFF0000);
        picture.setRGB(11, 10, 0xFFFF0000);
        picture.setRGB(10, 11, 0xFF000000);
        picture.setRGB(11, 11, 0x0000FF00);
        assertThat(PictureFile.read(written(picture)).getRGB(5, 5)).isEqualTo(0xFFBF4040);
    }

    @Test
    void greyKeepsItsValue() throws Exception {
        ComponentColorModel grey = new ComponentColorModel(
                ColorSpace.getInstance(ColorSpace.CS_GRAY),
                true,
                false,
                ComponentColorModel.TRANSLUCENT,
                DataBuffer.TYPE_BYTE);
        WritableRaster raster = grey.createCompatibleWritableRaster(64, 64);
        raster.setPixel(3, 4, new int[] {100, 255});
        Path file = written(new BufferedImage(grey, raster, false, null));
        BufferedImage read = PictureFile.read(file);
        assertThat(read.getRGB(3, 4)).isEqualTo(0xFF646464);
        assertThat(read.getRGB(4, 4)).isEqualTo(0xFFFFFFFF);
    }

    @Test
    void whatIsHigherThanWideLosesItsTopAndBottom() throws Exception {
        BufferedImage picture = new BufferedImage(64, 68, BufferedImage.TYPE_INT_ARGB);
        picture.setRGB(0, 2, 0xFF000001);
        picture.setRGB(63, 65, 0xFF000002);
        BufferedImage read = PictureFile.read(written(picture));
        assertThat(read.getHeight()).isEqualTo(64);
        assertThat(read.getRGB(0, 0)).isEqualTo(0xFF000001);
        assertThat(read.getRGB(63, 63)).isEqualTo(0xFF000002);
    }

    @Test
    void readsWebPLikeItsOwnLibrary() throws Exception {
        Path file = folder.resolve("disc.webp");
        Files.write(file, Base64.getDecoder().decode(DISC));
        BufferedImage read = PictureFile.read(file);
        assertThat(read.getRGB(0, 0)).isEqualTo(0xFFFFFFFF);
        assertThat(read.getRGB(16, 16)).isEqualTo(0xFFDC3D1E);
        assertThat(read.getRGB(48, 16)).isEqualTo(0xFF273C1E);
        assertThat(read.getRGB(16, 48)).isEqualTo(0xFFED9DE3);
        assertThat(read.getRGB(48, 48)).isEqualTo(0xFF939DE3);
    }

    @Test
    void refusesAnotherSize() throws Exception {
        Path file = written(new BufferedImage(72, 72, BufferedImage.TYPE_INT_RGB));
        assertThatThrownBy(() -> PictureFile.read(file))
                .hasMessage("%s should be 64 pixels wide or a multiple, and no less high, but is 72x72", file);
    }

    @Test
    void refusesWhatIsNoPicture() throws Exception {
        Path file = Files.writeString(folder.resolve("no.png"), "no picture");
        assertThatThrownBy(() -> PictureFile.read(file))
                .hasMessage("%s is no picture of a kind that can be read", file);
    }

    private Path written(BufferedImage picture) throws Exception {
        Path file = folder.resolve("picture.png");
        assertThat(ImageIO.write(picture, "png", file.toFile())).isTrue();
        return file;
    }
}
