package dev.swiftbrush.train.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.objective.SeededDraws;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A linear layer as a convolution, held against libtorch's own. */
class LinearTest {
    /** Sums of 96 or 210 products in another order, in single precision. */
    private static final double TOLERANCE = 2e-6;

    private Region region;

    @BeforeEach
    void takeTwoThreads() {
        Torch.start(2);
        region = Region.open();
    }

    @AfterEach
    void giveThemBack() {
        region.close();
        Torch.start(1);
    }

    @Test
    void givesTheSameAsALinearLayer() {
        List<TorchTensor> leaves = leaves();
        List<TorchTensor> same = leaves();

        Tensor found = Linear.convolved(value(leaves, 0), value(leaves, 1), new TensorOptional(value(leaves, 2)));
        Tensor wanted = torch.linear(value(same, 0), value(same, 1), new TensorOptional(value(same, 2)));

        assertThat(found.sizes().vec().get()).containsExactly(3, 70, 130);
        assertThat(found.is_contiguous()).isTrue();
        assertThat(distance(found, wanted)).isLessThan(TOLERANCE);

        found.square().sum().backward();
        wanted.square().sum().backward();
        for (int i = 0; i < leaves.size(); i++) {
            assertThat(distance(value(leaves, i).grad(), value(same, i).grad())).isLessThan(TOLERANCE);
        }
    }

    @Test
    void onlyLargeInputsAreConvolved() {
        Tensor weight = value(leaves(), 1);
        Tensor small = TorchTensor.of(new float[96], TorchDevice.cpu(), 1, 96).value();

        assertThat(distance(
                        Linear.of(small, weight, new TensorOptional()),
                        torch.linear(small, weight, new TensorOptional())))
                .isZero();
    }

    private static List<TorchTensor> leaves() {
        return List.of(
                random(0, 3, 70, 96).leaf(),
                random(1, 130, 96).leaf(),
                random(2, 130).leaf());
    }

    private static TorchTensor random(int sample, long... sizes) {
        int count = 1;
        for (long size : sizes) {
            count *= (int) size;
        }
        return TorchTensor.of(new SeededDraws(1).normal(Use.SAMPLE, 0, sample, count), TorchDevice.cpu(), sizes);
    }

    private static Tensor value(List<TorchTensor> tensors, int i) {
        return tensors.get(i).value();
    }

    /** The norm of the difference over the norm. */
    private static double distance(Tensor found, Tensor wanted) {
        double norm = wanted.norm().item_double();
        return found.sub(wanted).norm().item_double() / Math.max(norm, 1e-30);
    }
}
