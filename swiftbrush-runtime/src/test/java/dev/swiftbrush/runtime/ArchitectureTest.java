package dev.swiftbrush.runtime;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which package may use which: arrows point one way, and a native library has one door. */
class ArchitectureTest {
    private static final String ROOT = "dev.swiftbrush.runtime.";

    /** A package, and the packages of this module that it may use. */
    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            entry(
                    "engine",
                    Set.of(
                            "pipeline",
                            "calibration",
                            "export",
                            "network",
                            "recipe",
                            "session",
                            "text",
                            "noise",
                            "hub",
                            "modelfile",
                            "json",
                            "weights",
                            "tensor")),
            entry("calibration", Set.of("export", "network", "recipe", "session", "json", "tensor")),
            entry("hub", Set.of("json", "weights")),
            entry("modelfile", Set.of("json", "weights")),
            entry("pipeline", Set.of("session", "export", "noise", "text", "tensor")),
            entry("export", Set.of("network", "recipe", "json", "weights", "tensor")),
            entry("network", Set.of("json", "weights", "tensor")),
            entry("session", Set.of("tensor")),
            entry("weights", Set.of("tensor")),
            entry("recipe", Set.of("json")),
            entry("text", Set.of("json")),
            entry("noise", Set.of("json")));

    private static JavaClasses all;

    @BeforeAll
    static void read() {
        all = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("dev.swiftbrush.runtime");
    }

    static Stream<String> packages() {
        return packagesOf(all).stream();
    }

    @ParameterizedTest
    @MethodSource("packages")
    void aPackageUsesOnlyThoseBelowIt(String name) {
        Set<String> allowed = ARROWS.getOrDefault(name, Set.of());
        String[] others = packagesOf(all).stream()
                .filter(other -> !other.equals(name) && !allowed.contains(other))
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
        Set<String> drawn = new TreeSet<>(ARROWS.keySet());
        drawn.addAll(Set.of("json", "tensor"));

        assertThat(packagesOf(all)).isEqualTo(drawn);
    }

    @Test
    void noPackagesUseEachOther() {
        slices().matching("dev.swiftbrush.(**)").should().beFreeOfCycles().check(all);
    }

    @Test
    void onlySessionsSpeakToOnnxRuntime() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "session..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.onnxruntime..")
                .check(all);
    }

    @Test
    void onlyThoseThatWriteGraphsKnowTheirFormat() {
        classes()
                .that(use("ai.onnx.proto"))
                .should()
                .resideInAnyPackage(ROOT + "export", ROOT + "engine", ROOT + "calibration")
                .orShould()
                .haveFullyQualifiedName(ROOT + "session.CudaProbe")
                .check(all);
    }

    @Test
    void onlyTextKnowsTheTokenizersLibrary() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "text..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.djl..")
                .check(all);
    }

    @Test
    void onlyTheEngineKnowsTheServiceInterface() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + "engine..", ROOT + "recipe..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.swiftbrush.spi..")
                .check(all);
    }

    @Test
    void nothingPrints() {
        noClasses().should(ACCESS_STANDARD_STREAMS).check(all);
    }

    @Test
    void nothingIsDeserialised() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.io.ObjectInputStream")
                .check(all);
    }

    private static DescribedPredicate<JavaClass> use(String library) {
        return describe(
                "use " + library,
                user -> user.getDirectDependenciesFromSelf().stream()
                        .anyMatch(dependency ->
                                dependency.getTargetClass().getPackageName().equals(library)));
    }

    private static Set<String> packagesOf(JavaClasses classes) {
        return classes.stream()
                .map(each -> each.getPackageName().substring(ROOT.length()))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
