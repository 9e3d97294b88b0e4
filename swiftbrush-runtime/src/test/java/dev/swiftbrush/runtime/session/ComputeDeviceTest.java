package dev.swiftbrush.runtime.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtProvider;
import dev.swiftbrush.Device;
import dev.swiftbrush.DeviceException;
import dev.swiftbrush.runtime.session.ComputeDevice.Cpu;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ComputeDeviceTest {

    @Test
    void theCpuTakesTheThreadsAskedFor() {
        assertThat(ComputeDevice.of(Device.cpu(3))).isEqualTo(new Cpu(3));
    }

    @Test
    void theCpuTakesOneThreadPerCoreUnlessAsked() {
        assertThat(ComputeDevice.of(Device.cpu())).isEqualTo(new Cpu(Cores.physical()));
    }

    @Test
    void autoFallsBackToTheCpuWithTheCpuOnlyArtifact() {
        assumeCpuOnlyArtifact();
        assertThat(ComputeDevice.of(Device.auto())).isInstanceOf(Cpu.class);
    }

    @Test
    void anExplicitGpuThatCannotBeHadSaysWhatIsMissing() {
        assumeCpuOnlyArtifact();
        assertThatThrownBy(() -> ComputeDevice.of(Device.cuda(2)))
                .isInstanceOf(DeviceException.class)
                .hasMessage(
                        "cuda:2 cannot be used: the ONNX Runtime on the class path is the CPU-only artifact; depend on dev.swiftbrush:swiftbrush-cuda instead of swiftbrush-runtime");
    }

    @Test
    void halfPrecisionIsForGpus() {
        assertThat(new Cpu(1).prefersHalfPrecision()).isFalse();
        assertThat(new ComputeDevice.Cuda(0).prefersHalfPrecision()).isTrue();
    }

    @Test
    void aSystemPropertyAddsOptionsOfTheCudaProvider() {
        assertThat(providerOptions("")).containsOnly(entry("arena_extend_strategy", "kSameAsRequested"));
        assertThat(providerOptions("prefer_nhwc=1, gpu_mem_limit=4000000000,arena_extend_strategy=kNextPowerOfTwo"))
                .containsOnly(
                        entry("prefer_nhwc", "1"),
                        entry("gpu_mem_limit", "4000000000"),
                        entry("arena_extend_strategy", "kNextPowerOfTwo"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"prefer_nhwc", "=1", "prefer_nhwc=1,,"})
    void optionsThatCannotBeReadAreRefused(String options) {
        assertThatThrownBy(() -> providerOptions(options))
                .isInstanceOf(DeviceException.class)
                .hasMessage("The system property swiftbrush.cuda.options must be name=value,name=value..., but was '%s'"
                        .formatted(options));
    }

    private static Map<String, String> providerOptions(String property) {
        System.setProperty(ComputeDevice.Cuda.OPTIONS, property);
        try {
            return new ComputeDevice.Cuda(0).providerOptions();
        } finally {
            System.clearProperty(ComputeDevice.Cuda.OPTIONS);
        }
    }

    @Test
    void coresAreCountedOnceWhateverThreadsTheyRun() {
        List<String> cpuinfo = List.of(
                "processor\t: 0",
                "physical id\t: 0",
                "core id\t\t: 0",
                "processor\t: 1",
                "physical id\t: 0",
                "core id\t\t: 0",
                "processor\t: 2",
                "physical id\t: 0",
                "core id\t\t: 1",
                "processor\t: 3",
                "physical id\t: 1",
                "core id\t\t: 0");
        assertThat(Cores.physical(cpuinfo)).isEqualTo(3);
        assertThat(Cores.physical(List.of("processor\t: 0", "BogoMIPS\t: 48.00")))
                .isZero();
        assertThat(Cores.physical()).isBetween(1, Runtime.getRuntime().availableProcessors());
    }

    private static void assumeCpuOnlyArtifact() {
        assumeFalse(OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA));
    }
}
