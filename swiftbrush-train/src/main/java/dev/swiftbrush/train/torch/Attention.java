package dev.swiftbrush.train.torch;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Scaled dot-product attention, said the way that each device and type runs it fastest. */
final class Attention {

    private Attention() {}

    /**
     * Mixes values by the softmax of the scaled scores.
     *
     * @param query {@code [B, heads, N, D]}
     * @param key {@code [B, heads, M, D]}, as is {@code value}
     */
    static Tensor mix(Tensor query, Tensor key, Tensor value, boolean causal) {
        boolean half = query.element_size() < Float.BYTES;
        if (half && !query.is_cuda()) { // libtorch's own kernel is 6 to 20 times slower there
            return written(query, key, value, causal);
        }
        return torch.scaled_dot_product_attention(
                query, key, value, new TensorOptional(), 0, causal, new DoubleOptional(), false);
    }

    /** Scores are scaled before they are made and normalised in single precision. */
    private static Tensor written(Tensor query, Tensor key, Tensor value, boolean causal) {
        double scale = 1 / Math.sqrt(query.size(-1));
        Tensor scores = torch.matmul(query.mul(new Scalar(scale)), key.transpose(2, 3)); // [B, heads, N, M]
        if (causal) {
            Tensor mask = torch.ones_like(scores).tril().eq(new Scalar(0));
            scores = scores.masked_fill(mask, new Scalar(Double.NEGATIVE_INFINITY));
        }
        return torch.matmul(torch.softmax(scores, -1), value);
    }
}
