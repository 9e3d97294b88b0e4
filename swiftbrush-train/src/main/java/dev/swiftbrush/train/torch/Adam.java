package dev.swiftbrush.train.torch;

import dev.swiftbrush.runtime.tensor.DType;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Adam over flat parameters, a cache-sized piece at a time: PyTorch's order of operations, in single precision whatever the
 * networks compute in. Use from one thread.
 *
 * @see <a href="https://arxiv.org/abs/1412.6980">Adam</a>, algorithm 1
 */
public final class Adam {
    /** Elements of a piece: five arrays of it stay in a second-level cache. */
    private static final long PIECE = 32 * 1024;

    private static final long PIECE_ON_CUDA = 64L << 20;

    /**
     * What may be chosen.
     *
     * @param beta1 decay of the gradients' mean
     * @param beta2 decay of their squares' mean
     */
    public record Options(double beta1, double beta2, double eps) {
        public static final Options DEFAULT = new Options(0.9, 0.999, 1e-8);
    }

    private final Parameters parameters;
    private final Options options;
    private final FlatTensor mean;
    private final FlatTensor square;
    private long steps;

    public Adam(Parameters parameters, Options options) {
        this.parameters = parameters;
        this.options = options;
        this.mean = parameters.master().like(parameters.master().device(), DType.F32);
        this.square = parameters.master().like(parameters.master().device(), DType.F32);
    }

    /** Running mean of the gradients. */
    public FlatTensor mean() {
        return mean;
    }

    /** Running mean of the squared gradients. */
    public FlatTensor square() {
        return square;
    }

    /** Updates so far. */
    public long steps() {
        return steps;
    }

    /** Goes on from a saved state, whose tensors the caller fills in. */
    public void resumeAt(long steps) {
        this.steps = steps;
    }

    /**
     * Updates the masters by their gradients, and lets networks see them.
     *
     * @param gradientFactor multiplies every gradient first: clipping, unscaling, averaging
     */
    public void update(double learningRate, double gradientFactor) {
        steps++;
        double correction1 = 1 - Math.pow(options.beta1(), steps);
        double correction2 = Math.sqrt(1 - Math.pow(options.beta2(), steps));
        Tensor gradient = parameters.flatGradient().value();
        Tensor all = parameters.master().flat();
        long piece = parameters.master().device().isCuda() ? PIECE_ON_CUDA : PIECE;
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            Scalar factor = new Scalar(gradientFactor);
            Scalar towards = new Scalar(1 - options.beta1());
            Scalar keep = new Scalar(options.beta2());
            Scalar take = new Scalar(1 - options.beta2());
            Scalar divide = new Scalar(correction2);
            Scalar eps = new Scalar(options.eps());
            Scalar step = new Scalar(-learningRate / correction1);
            for (long from = 0; from < all.numel(); from += piece) {
                long count = Math.min(piece, all.numel() - from);
                try (Region inner = Region.open()) {
                    Tensor g =
                            gradient.narrow(0, from, count).to(ScalarType.Float).mul(factor);
                    Tensor m = mean.flat().narrow(0, from, count);
                    Tensor v = square.flat().narrow(0, from, count);
                    m.lerp_(g, towards);
                    v.mul_(keep).addcmul_(g, g, take);
                    all.narrow(0, from, count).addcdiv_(m, v.sqrt().div_(divide).add_(eps), step);
                }
            }
        }
        parameters.publish();
    }
}
