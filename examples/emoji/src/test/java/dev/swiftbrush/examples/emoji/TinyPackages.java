package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.examples.emoji.Packages.Pin;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;

/** Made-up packages with a handful of emoji, laid out like the real ones. */
final class TinyPackages {
    private static final String[][] EMOJI = {
        // code points, label, category, subcategory, tags
        {"2764-FE0F", "red heart", "Smileys & Emotion", "heart", "love"},
        {"1F49C", "purple heart", "Smileys & Emotion", "heart", "love"},
        {"1F7E5", "red square", "Symbols", "geometric", "color"},
        {"1F7EA", "purple square", "Symbols", "geometric", "color"},
        {"1F1F9-1F1EC", "flag: Togo", "Flags", "country-flag", "TG"},
        {"1F9D1-200D-1F692", "firefighter", "People & Body", "person-role", "blaze"},
        {"1F468-200D-1F692", "man firefighter", "People & Body", "person-role", "hose"},
    };
    private static final String[][] TONES = {{"1F3FB", "light"}, {"1F3FF", "dark"}};

    private final Path folder;

    TinyPackages(Path folder) {
        this.folder = folder;
    }

    Path folder() {
        return folder;
    }

    /** Writes them, and says what they are. */
    List<Pin> write() throws IOException {
        StringBuilder names = new StringBuilder();
        StringBuilder pictures = new StringBuilder();
        for (String[] each : EMOJI) {
            String skins = "";
            String variations = "";
            picture(each[0]);
            if (each[2].startsWith("People")) {
                for (String[] tone : TONES) {
                    String code = each[0].replaceFirst("-", "-" + tone[0] + "-");
                    picture(code);
                    skins += ",{'hexcode':'%s','label':'%s: %s skin tone'}".formatted(code, each[1], tone[1]);
                    variations += ",'%s':{'unified':'%s','image':'%s.png'}".formatted(tone[0], code, code);
                }
            }
            names.append(",{'hexcode':'%s','label':'%s','tags':['%s'],'skins':[%s]}"
                    .formatted(each[0].replace("-FE0F", ""), each[1], each[4], tail(skins)));
            pictures.append(
                    ",{'unified':'%s','image':'%s.png','category':'%s','subcategory':'%s','skin_variations':{%s}}"
                            .formatted(each[0], each[0], each[2], each[3], tail(variations)));
        }
        pictures.append(",{'unified':'1F3FB','image':'none.png','category':'Component'}");
        text(Packages.NAMES + "/en/data.json", "[" + tail(names.toString()) + "]");
        text(Packages.NOTO + "/emoji.json", "[" + tail(pictures.toString()) + "]");
        text(Packages.TWEMOJI + "/emoji.json", "[" + tail(pictures.toString()) + "]");
        return List.of(
                pin(Packages.NAMES, "en/data.json"),
                pin(Packages.NOTO, "emoji.json", "img/google/64"),
                pin(Packages.TWEMOJI, "emoji.json", "img/twitter/64"),
                pin(Packages.FLUENT, "assets"));
    }

    private void picture(String code) throws IOException {
        png(Packages.NOTO + "/img/google/64/" + code + ".png", "png", 64);
        png(Packages.TWEMOJI + "/img/twitter/64/" + code + ".png", "png", 64);
        png(Packages.FLUENT + "/assets/" + code.toLowerCase(Locale.ROOT) + ".webp", "webp", 128);
    }

    private void png(String name, String format, int size) throws IOException {
        File file = folder.resolve(name).toFile();
        Files.createDirectories(file.toPath().getParent());
        ImageIO.write(new BufferedImage(size, size, BufferedImage.TYPE_INT_ARGB), format, file);
    }

    private Pin pin(String name, String... used) throws IOException {
        text(name + "/package.json", "{'version':'1.2.3','license':'MIT'}");
        return new Pin(name, "1.2.3", "MIT", List.of(used), Packages.sha256(folder.resolve(name), List.of(used)));
    }

    void text(String name, String json) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, json.replace('\'', '"'));
    }

    private static String tail(String list) {
        return list.isEmpty() ? list : list.substring(1);
    }
}
