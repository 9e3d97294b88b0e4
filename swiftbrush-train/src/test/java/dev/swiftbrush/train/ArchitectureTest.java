package dev.swiftbrush.train;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which package may use which: arrows point one way, and libtorch has one door. */
class ArchitectureTest {
    private static final String ROOT = "dev.swiftbrush.train.";

    /** A package, and the packages below it that it may use; settings and listeners, in the root, are everybody's. */
    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("evaluation", Set.of("trainer", "objective", "torch", "sampler", "data", "files")),
            Map.entry("trainer", Set.of("objective", "torch", "sampler", "data", "checkpoint", "report", "files")),
            Map.entry("objective", Set.of("torch")),
            Map.entry("memory", Set.of("torch")),
            Map.entry("data", Set.of("files")),
            Map.entry("checkpoint", Set.of("files")),
            Map.entry("export", Set.of("files")),
            Map.entry("torch", Set.of()),
            Map.entry("sampler", Set.of()),
            Map.entry("report", Set.of("files")),
            Map.entry("files", Set.of()));

    private static JavaClasses all;

    @BeforeAll
    static void read() {
        all = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("dev.swiftbrush.train");
    }

    static Set<String> packages() {
        return ARROWS.keySet();
    }

    @ParameterizedTest
    @MethodSource("packages")
    void aPackageUsesOnlyThoseBelowIt(String name) {
        String[] others = packages().stream()
                .filter(other -> !other.equals(name) && !ARROWS.get(name).contains(other))
                .map(other -> ROOT + other + "..")
                .toArray(String[]::new);

        noClasses()
                .that()
                .resideInAPackage(ROOT + name + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(others)
                .check(all);
    }

    @Test
    void everyPackageIsDrawn() {
        Set<String> found = all.stream()
                .map(each -> each.getPackageName() + ".")
                .filter(name -> name.length() > ROOT.length())
                .map(name -> name.substring(ROOT.length(), name.length() - 1))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(found).isEqualTo(new TreeSet<>(packages()));
    }

    @Test
    void libtorchHasOneDoor() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "torch..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.bytedeco..")
                .check(all);
    }
}
