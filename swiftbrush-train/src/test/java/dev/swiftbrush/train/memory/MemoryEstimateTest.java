package dev.swiftbrush.train.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.runtime.network.Checkpoint;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.DistillationSettings;
import dev.swiftbrush.train.DistillationSettings.Method;
import dev.swiftbrush.train.reference.Golden;
import dev.swiftbrush.train.torch.FlatTensor;
import dev.swiftbrush.train.torch.Torch;
import dev.swiftbrush.train.torch.TorchDevice;
import org.junit.jupiter.api.Test;

class MemoryEstimateTest {
    private final Checkpoint checkpoint = Golden.checkpoint("sd2");

    @Test
    void weightsTakeWhatTheyTakeWhenTheyAreThere() {
        Torch.start(1);
        FlatTensor flat = FlatTensor.zeros(checkpoint.unet().weights(), TorchDevice.cpu(), DType.F32);

        MemoryEstimate estimate = estimate(settings(2).build(), DType.F32, false);

        // a flat tensor rounds each weight up to 32 elements
        assertThat(estimate.parts().get("student")).isBetween((long) (0.8 * flat.bytes()), flat.bytes());
        assertThat(estimate.parts().get("student's Adam"))
                .isEqualTo(2 * estimate.parts().get("student"));
    }

    @Test
    void activationsGrowWithTheBatch() {
        long two = estimate(settings(2).build(), DType.F32, false).parts().get("student's activations");
        long four = estimate(settings(4).build(), DType.F32, false).parts().get("student's activations");

        assertThat(four).isEqualTo(2 * two);
    }

    @Test
    void halfPrecisionHalvesActivations() {
        long single = estimate(settings(2).build(), DType.F32, false).parts().get("teachers' activations");
        long half = estimate(settings(2).build(), DType.BF16, false).parts().get("teachers' activations");

        assertThat(single).isEqualTo(2 * half);
    }

    @Test
    void checkpointingKeepsLess() {
        long kept = estimate(settings(2).build(), DType.F32, false).parts().get("student's activations");
        long again = estimate(settings(2).build(), DType.F32, true).parts().get("student's activations");

        assertThat(again).isLessThan(kept / 2);
    }

    @Test
    void onACpuTheHalvesOfGuidanceTakeTurns() {
        DistillationSettings settings = settings(2).build();
        MemoryEstimate cpu = MemoryEstimate.of(checkpoint.unet(), settings, 16, 16, 77, DType.F32, false, true, false);

        assertThat(2 * cpu.parts().get("teachers' activations"))
                .isEqualTo(estimate(settings, DType.F32, false).parts().get("teachers' activations"));
    }

    @Test
    void theBaselineHasNoAdapters() {
        assertThat(estimate(settings(2).method(Method.SDS).build(), DType.F32, false)
                        .parts())
                .containsEntry("LoRA", 0L);
    }

    private static DistillationSettings.Builder settings(int batch) {
        return DistillationSettings.builder().batchSize(batch).accumulation(1).loraRank(4);
    }

    private MemoryEstimate estimate(DistillationSettings settings, DType compute, boolean recomputes) {
        return MemoryEstimate.of(checkpoint.unet(), settings, 16, 16, 77, compute, recomputes, true, true);
    }
}
