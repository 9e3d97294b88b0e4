package dev.swiftbrush.train.torch;

import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Linear layers, said the way that each device and type runs them fastest. */
final class Linear {
    /** Below this many elements libtorch gives convolutions to a slower kernel. */
    private static final long LEAST_ELEMENTS = 20_480;

    private Linear() {}

    /**
     * {@code x W^T + b}.
     *
     * @param x {@code [..., in]}
     * @param weight {@code [out, in]}
     */
    static Tensor of(Tensor x, Tensor weight, TensorOptional bias) {
        return isFasterConvolved(x, weight) ? convolved(x, weight, bias) : torch.linear(x, weight, bias);
    }

    /**
     * On the CPU in single precision OpenBLAS has one thread, and convolutions have all; but their backward pass takes longer than
     * that of OpenBLAS. MKL has all threads too.
     */
    private static boolean isFasterConvolved(Tensor x, Tensor weight) {
        boolean learns = GradMode.is_enabled() && (x.requires_grad() || weight.requires_grad());
        return !learns
                && !x.is_cuda()
                && x.element_size() == Float.BYTES
                && x.numel() > LEAST_ELEMENTS
                && torch.get_num_threads() > 1
                && !Blas.sharesThreads();
    }

    /**
     * The same as a convolution with a kernel of one pixel over an image one pixel wide, whose channels come last, as they do in
     * {@code x}: nothing is copied.
     */
    static Tensor convolved(Tensor x, Tensor weight, TensorOptional bias) {
        long in = weight.size(1);
        long out = weight.size(0);
        long rows = x.numel() / in;
        Tensor image = x.reshape(1, rows, 1, in).permute(0, 3, 1, 2); // [1, in, rows, 1]
        Tensor kernel = weight.reshape(out, in, 1, 1);
        Tensor found = torch.conv2d(image, kernel, bias, new long[] {1, 1}, new long[] {0, 0}, new long[] {1, 1}, 1);
        long[] sizes = new long[Math.toIntExact(x.dim())];
        for (int i = 0; i < sizes.length - 1; i++) {
            sizes[i] = x.size(i);
        }
        sizes[sizes.length - 1] = out;
        return found.permute(0, 2, 3, 1).reshape(sizes);
    }
}
