package dev.swiftbrush;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version of this SDK, written by the build into {@code version.properties}. */
final class SdkVersion {

    private SdkVersion() {}

    /** Returns the version, or {@code unreleased} where the classes were not built by Maven. */
    static String current() {
        try (InputStream in = SdkVersion.class.getResourceAsStream("version.properties")) {
            return in == null ? "unreleased" : read(in);
        } catch (IOException e) {
            throw new UncheckedIOException("version.properties is on the class path but cannot be read", e);
        }
    }

    static String read(InputStream in) throws IOException {
        Properties properties = new Properties();
        properties.load(in);
        String version = properties.getProperty("version", "");
        return version.isBlank() || version.startsWith("${") ? "unreleased" : version; // "${": copied unfiltered
    }
}
