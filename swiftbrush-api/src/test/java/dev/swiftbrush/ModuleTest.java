package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.spi.EngineProvider;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ModuleTest {

    @Test
    void exportsItsTwoPackagesAndUsesEngines() throws Exception {
        Path classes = Path.of(SwiftBrush.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());

        ModuleDescriptor module = ModuleFinder.of(classes)
                .find("dev.swiftbrush.api")
                .orElseThrow()
                .descriptor();

        assertThat(module.exports())
                .extracting(ModuleDescriptor.Exports::source)
                .containsExactlyInAnyOrder("dev.swiftbrush", "dev.swiftbrush.spi");
        assertThat(module.uses()).containsExactly(EngineProvider.class.getName());
        assertThat(module.requires())
                .extracting(ModuleDescriptor.Requires::name)
                .containsExactlyInAnyOrder("java.base", "java.desktop", "org.jspecify");
    }
}
