package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.SwiftBrushException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Where operating systems want a user's caches to be. */
final class CacheDirectory {
    private CacheDirectory() {}

    static Path ofThisUser() {
        return of(System.getProperty("os.name"), System.getProperty("user.home", ""), System::getenv);
    }

    /**
     * Where a user's cache lies.
     *
     * @param home the user's folder, as {@code user.home} has it; {@code ?} or empty for a user without one
     * @throws SwiftBrushException if that user has neither a folder nor a place for caches; a shared temporary folder would
     *     let others put their graphs there
     */
    static Path of(String system, String home, UnaryOperator<@Nullable String> environment) {
        String name = system.toLowerCase(Locale.ROOT);
        if (name.startsWith("windows")) {
            return base(environment.apply("LOCALAPPDATA"), home, "AppData", "Local")
                    .resolve("swiftbrush");
        }
        if (name.startsWith("mac")) {
            return home(home).resolve("Library/Caches/swiftbrush");
        }
        return base(environment.apply("XDG_CACHE_HOME"), home, ".cache").resolve("swiftbrush");
    }

    private static Path base(@Nullable String configured, String home, String... fallback) {
        if (configured != null && Path.of(configured).isAbsolute()) {
            return Path.of(configured);
        }
        return home(home).resolve(Path.of("", fallback));
    }

    private static Path home(String home) {
        Path folder = Path.of(home);
        if (!folder.isAbsolute()) {
            throw new SwiftBrushException(
                    "There is no place for the cache, since this user has no home folder (user.home is '%s'); call cacheDirectory(Path), or set XDG_CACHE_HOME, on Windows LOCALAPPDATA"
                            .formatted(home));
        }
        return folder;
    }
}
