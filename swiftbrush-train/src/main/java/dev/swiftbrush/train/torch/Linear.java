package dev.swiftbrush.train.torch;

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
     * <p>On the CPU in single precision it is a convolution with a kernel of one pixel over an image one pixel wide, whose channels
     * come last, as they do in {@code x}: nothing is copied. Convolutions use all threads, but OpenBLAS has only one.
     *
     * @param x {@code [..., in]}
     * @param weight {@code [out, in]}
     */
    static Tensor of(Tensor x, Tensor weight, TensorOptional bias) {
        if (x.is_cuda()
                || x.element_size() < Float.BYTES
                || x.numel() <= LEAST_ELEMENTS
                || torch.get_num_threads() == 1) {
            return torch.linear(x, weight, bias);
        }
        return convolved(x, weight, bias);
    }

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
