package dev.swiftbrush.runtime.engine;

import java.nio.file.Path;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Where operating systems want a user's caches to be. */
final class CacheDirectory {
    private CacheDirectory() {}

    static Path ofThisUser() {
        return of(System.getProperty("os.name"), System.getProperty("user.home"), System::getenv);
    }

    static Path of(String system, String home, UnaryOperator<@Nullable String> environment) {
        String name = system.toLowerCase(Locale.ROOT);
        if (name.startsWith("windows")) {
            return base(environment.apply("LOCALAPPDATA"), home, "AppData", "Local")
                    .resolve("swiftbrush");
        }
        if (name.startsWith("mac")) {
            return Path.of(home, "Library", "Caches", "swiftbrush");
        }
        return base(environment.apply("XDG_CACHE_HOME"), home, ".cache").resolve("swiftbrush");
    }

    private static Path base(@Nullable String configured, String home, String... fallback) {
        return configured != null && Path.of(configured).isAbsolute() ? Path.of(configured) : Path.of(home, fallback);
    }
}
