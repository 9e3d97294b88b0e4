package dev.swiftbrush.examples.emoji;

/** Whose drawings they are. */
enum Style {
    NOTO("noto", "noto style"),
    TWEMOJI("twemoji", "flat twemoji style"),
    FLUENT("fluent", "3d fluent style");

    private final String folder;
    private final String words;

    Style(String folder, String words) {
        this.folder = folder;
        this.words = words;
    }

    /** The folder of their pictures in the dataset. */
    String folder() {
        return folder;
    }

    /** What a caption says to ask for it. */
    String words() {
        return words;
    }
}
