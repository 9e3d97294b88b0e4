package dev.swiftbrush.train.torch;

import dev.swiftbrush.runtime.tensor.DType;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * An exponential moving average of parameters, single precision, on the parameters' device or on the CPU. Use from one
 * thread.
 */
public final class MovingAverage {
    private static final long PIECE = 256 * 1024;

    private final Parameters parameters;
    private final FlatTensor average;

    /** Starts at the parameters as they are. */
    public MovingAverage(Parameters parameters, TorchDevice device) {
        this.parameters = parameters;
        this.average = parameters.master().like(device, DType.F32);
        average.copyFrom(parameters.master());
    }

    public FlatTensor average() {
        return average;
    }

    /** Moves the average a share of {@code 1 - decay} towards the parameters. */
    public void update(double decay) {
        Tensor source = parameters.master().flat();
        Tensor target = average.flat();
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            Scalar share = new Scalar(1 - decay);
            for (long from = 0; from < source.numel(); from += PIECE) {
                long count = Math.min(PIECE, source.numel() - from);
                try (Region inner = Region.open()) {
                    Tensor now = source.narrow(0, from, count);
                    Tensor there = average.device().equals(parameters.master().device()) ? now : now.cpu();
                    target.narrow(0, from, count).lerp_(there, share);
                }
            }
        }
    }
}
