package dev.swiftbrush.runtime.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.runtime.session.ComputeDevice.Cuda;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages of ONNX Runtime 1.29.0: the first as onnxruntime_gpu gives it on a machine without CUDA, the others by its sources. */
class CudaProbeTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    Failed to load library /tmp/onnxruntime-java1/libonnxruntime_providers_cuda.so with error: libcublasLt.so.12: cannot open shared object file: No such file or directory | libcublasLt.so.12 is not on the library path; install CUDA 12
                    Failed to load library /tmp/a/libonnxruntime_providers_cuda.so with error: libcudnn.so.9: cannot open shared object file: No such file or directory | libcudnn.so.9 is not on the library path; install cuDNN 9 for CUDA 12
                    Failed to load library /tmp/a/libonnxruntime_providers_cuda.so with error: libcuda.so.1: cannot open shared object file: No such file or directory | libcuda.so.1 is not on the library path; install the NVIDIA driver
                    Error loading "C:\\a\\onnxruntime_providers_cuda.dll" which depends on "cudnn64_9.dll" which is missing. | cudnn64_9.dll is not on the library path; install cuDNN 9 for CUDA 12
                    CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=0 | the NVIDIA driver is too old for CUDA 12, or there is none
                    CUDA failure 100: no CUDA-capable device is detected ; GPU=0 | the NVIDIA driver sees no GPU
                    CUDA failure 101: invalid device ordinal ; GPU=7 | there is no GPU of that index
                    CUDA failure 2: out of memory | ONNX Runtime could not open a session on it
                    """)
    void saysWhatIsMissing(String message, String advice) {
        assertThat(CudaProbe.missing(message)).isEqualTo(advice + " [" + message + "]");
    }

    @Test
    void namesTheArtifactsThatHideOneAnother() throws MalformedURLException {
        URL cpu = URI.create("file:/a/onnxruntime.jar").toURL();
        URL gpu = URI.create("file:/a/onnxruntime_gpu.jar").toURL();
        assertThat(CudaProbe.describe(new Cuda(1), "it is not there", List.of(cpu, gpu)))
                .isEqualTo(
                        "cuda:1 cannot be used: it is not there (there are 2 ONNX Runtime artifacts on the class path, "
                                + "of which the first hides the others: [file:/a/onnxruntime.jar, file:/a/onnxruntime_gpu.jar]; keep one)");
        assertThat(CudaProbe.describe(new Cuda(1), "it is not there", List.of(gpu)))
                .isEqualTo("cuda:1 cannot be used: it is not there");
    }
}
