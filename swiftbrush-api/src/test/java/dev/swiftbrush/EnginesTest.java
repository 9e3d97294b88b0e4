package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.spi.EngineProvider;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.ServiceConfigurationError;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnginesTest {

    private final ClassLoader usual = Thread.currentThread().getContextClassLoader();

    @TempDir
    Path folder;

    @AfterEach
    void restoreClassLoader() {
        Thread.currentThread().setContextClassLoader(usual);
    }

    @Test
    void takesTheOnlyEngine() {
        assertThat(Engines.find()).isInstanceOf(FakeEngineProvider.class);
    }

    @Test
    void looksBesideTheApiWhenTheContextClassLoaderSeesNoEngine() {
        Thread.currentThread().setContextClassLoader(new ClassLoader(usual) {
            @Override
            public Enumeration<URL> getResources(String name) {
                return Collections.emptyEnumeration();
            }
        });

        assertThat(Engines.find()).isInstanceOf(FakeEngineProvider.class);
    }

    @Test
    void looksBesideTheApiWhenThereIsNoContextClassLoader() {
        Thread.currentThread().setContextClassLoader(null);

        assertThat(Engines.find()).isInstanceOf(FakeEngineProvider.class);
    }

    @Test
    void refusesToChooseBetweenTwoEngines() throws Exception {
        try (URLClassLoader loader = declaring(OtherEngineProvider.class.getName())) {
            Thread.currentThread().setContextClassLoader(loader);

            assertThatThrownBy(Engines::find)
                    .isExactlyInstanceOf(SwiftBrushException.class)
                    .hasMessage("2 SwiftBrush runtimes on the class path: another, fake; keep one");
        }
    }

    @Test
    void saysWhenAnEngineCannotBeLoaded() throws Exception {
        try (URLClassLoader loader = declaring("dev.absent.Provider")) {
            Thread.currentThread().setContextClassLoader(loader);

            assertThatThrownBy(Engines::find)
                    .isExactlyInstanceOf(SwiftBrushException.class)
                    .hasMessage("A SwiftBrush runtime on the class path cannot be loaded: "
                            + EngineProvider.class.getName() + ": Provider dev.absent.Provider not found")
                    .hasCauseInstanceOf(ServiceConfigurationError.class);
        }
    }

    @Test
    void namesTheArtifactToAddWhenThereIsNoEngine() throws Exception {
        URL api = SwiftBrush.class.getProtectionDomain().getCodeSource().getLocation();
        try (URLClassLoader alone = new URLClassLoader(new URL[] {api}, ClassLoader.getPlatformClassLoader())) {
            Thread.currentThread().setContextClassLoader(alone);
            Object builder = alone.loadClass(SwiftBrush.class.getName())
                    .getMethod("builder")
                    .invoke(null);
            builder.getClass().getMethod("model", Path.class).invoke(builder, Path.of("model"));

            assertThatThrownBy(() -> builder.getClass().getMethod("build").invoke(builder))
                    .isInstanceOf(InvocationTargetException.class)
                    .cause()
                    .hasMessage("No SwiftBrush runtime on the class path; add dev.swiftbrush:swiftbrush-runtime")
                    .extracting(failure -> failure.getClass().getName())
                    .isEqualTo(SwiftBrushException.class.getName());
        }
    }

    private URLClassLoader declaring(String provider) throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.writeString(services.resolve(EngineProvider.class.getName()), provider);
        return new URLClassLoader(new URL[] {folder.toUri().toURL()}, usual);
    }
}
