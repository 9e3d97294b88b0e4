package dev.swiftbrush.train.torch;

import dev.swiftbrush.runtime.tensor.Activation;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Tensor;
import dev.swiftbrush.runtime.tensor.Window;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** The backend that computes at once, on libtorch. */
public final class TorchTensor implements Tensor {
    private static final double LEAST_SQUARE = 1e-12; // keeps the gradient of a zero finite

    private final org.bytedeco.pytorch.Tensor value;
    private @Nullable Shape shape;

    TorchTensor(org.bytedeco.pytorch.Tensor value) {
        this.value = value;
    }

    org.bytedeco.pytorch.Tensor value() {
        return value;
    }

    @Override
    public Shape shape() {
        Shape known = shape;
        if (known == null) {
            known = Shape.of(LongStream.range(0, value.dim()).map(value::size).toArray());
            shape = known;
        }
        return known;
    }

    public DType dtype() {
        return Types.of(value.scalar_type());
    }

    /** Elements in all. */
    public long numel() {
        return value.numel();
    }

    // ---- what networks are written against

    @Override
    public TorchTensor add(Tensor other) {
        return new TorchTensor(value.add(of(other)));
    }

    @Override
    public TorchTensor mul(Tensor other) {
        return new TorchTensor(value.mul(of(other)));
    }

    @Override
    public TorchTensor add(double scalar) {
        return new TorchTensor(value.add(new Scalar(scalar)));
    }

    @Override
    public TorchTensor mul(double scalar) {
        return new TorchTensor(value.mul(new Scalar(scalar)));
    }

    @Override
    public TorchTensor clamp(double low, double high) {
        return new TorchTensor(value.clamp(new ScalarOptional(new Scalar(low)), new ScalarOptional(new Scalar(high))));
    }

    @Override
    public TorchTensor activate(Activation activation) {
        return new TorchTensor(
                switch (activation) {
                    case SILU -> torch.silu(value);
                    case QUICK_GELU -> value.mul(value.mul(new Scalar(1.702)).sigmoid());
                    case GELU -> torch.gelu(value);
                    case MISH -> torch.mish(value);
                    case RELU -> torch.relu(value);
                    case TANH -> torch.tanh(value);
                });
    }

    @Override
    public TorchTensor linear(Tensor weight, @Nullable Tensor bias) {
        return new TorchTensor(Linear.of(value, of(weight), optional(bias)));
    }

    @Override
    public TorchTensor conv2d(Tensor weight, @Nullable Tensor bias, Window window) {
        long[] stride = {window.stride(), window.stride()};
        long[] dilation = {1, 1};
        boolean even = window.before() == window.after();
        org.bytedeco.pytorch.Tensor x = even
                ? value
                : torch.constant_pad_nd(value, window.before(), window.after(), window.before(), window.after());
        long[] padding = even ? new long[] {window.before(), window.before()} : new long[] {0, 0};
        return new TorchTensor(torch.conv2d(x, of(weight), optional(bias), stride, padding, dilation, 1));
    }

    @Override
    public TorchTensor groupNorm(int groups, Tensor weight, Tensor bias, double eps) {
        return new TorchTensor(torch.group_norm(value, groups, optional(weight), optional(bias), eps, true));
    }

    @Override
    public TorchTensor layerNorm(Tensor weight, Tensor bias, double eps) {
        long[] last = {size(-1)};
        return new TorchTensor(torch.layer_norm(value, last, optional(weight), optional(bias), eps, true));
    }

    @Override
    public TorchTensor attention(Tensor key, Tensor value, int heads, boolean causal) {
        org.bytedeco.pytorch.Tensor mixed = Attention.mix(
                heads(this.value, heads), heads(of(key), heads), heads(of(value), heads), causal); // [B, heads, N, D]
        return new TorchTensor(mixed.transpose(1, 2).reshape(shape().sizes()));
    }

    /** {@code [B, N, heads·D]} to {@code [B, heads, N, D]}. */
    private static org.bytedeco.pytorch.Tensor heads(org.bytedeco.pytorch.Tensor x, int heads) {
        return x.view(x.size(0), x.size(1), heads, x.size(2) / heads).transpose(1, 2);
    }

    @Override
    public TorchTensor embedding(Tensor table) {
        return new TorchTensor(torch.embedding(of(table), value));
    }

    @Override
    public TorchTensor upsampleNearest() {
        return new TorchTensor(torch.upsample_nearest2d(value, 2 * value.size(2), 2 * value.size(3)));
    }

    @Override
    public TorchTensor concat(int dim, Tensor other) {
        return new TorchTensor(torch.cat(new TensorVector(value, of(other)), dim));
    }

    @Override
    public TorchTensor narrow(int dim, long start, long length) {
        return new TorchTensor(value.narrow(dim, start, length));
    }

    @Override
    public TorchTensor reshape(long... sizes) {
        long[] target = sizes.clone();
        for (int i = 0; i < target.length; i++) {
            target[i] = target[i] == KEEP ? value.size(i) : target[i];
        }
        return new TorchTensor(value.reshape(target));
    }

    @Override
    public TorchTensor reshapeLike(Tensor other) {
        return reshape(other.shape().sizes());
    }

    @Override
    public TorchTensor transpose(int a, int b) {
        return new TorchTensor(value.transpose(a, b));
    }

    @Override
    public TorchTensor unsqueeze(int dim) {
        return new TorchTensor(value.unsqueeze(dim));
    }

    @Override
    public TorchTensor toPixels() {
        return new TorchTensor(value.mul(new Scalar(255))
                .round()
                .to(torch.ScalarType.Byte)
                .permute(0, 2, 3, 1)
                .contiguous());
    }

    // ---- what training asks for beyond it

    public TorchTensor sub(Tensor other) {
        return new TorchTensor(value.sub(of(other)));
    }

    public TorchTensor square() {
        return new TorchTensor(value.square());
    }

    public TorchTensor abs() {
        return new TorchTensor(value.abs());
    }

    public TorchTensor exp() {
        return new TorchTensor(value.exp());
    }

    /** Divides by the Euclidean norm over the last dimension. */
    public TorchTensor normalized() {
        return new TorchTensor(value.div(value.square()
                .sum(new long[] {-1}, true, new ScalarTypeOptional())
                .add(new Scalar(LEAST_SQUARE))
                .sqrt()));
    }

    /** The logarithm of softmax over the last dimension. */
    public TorchTensor logSoftmax() {
        return new TorchTensor(torch.log_softmax(value, -1));
    }

    /** The mean over all elements, of rank 0. */
    public TorchTensor mean() {
        return new TorchTensor(value.mean());
    }

    /** The standard deviation over all elements, as a number. */
    public double std() {
        return value.detach().to(torch.ScalarType.Float).std(false).item_double();
    }

    /** Replaces NaN by 0 and infinities by the largest finite numbers. */
    public TorchTensor nanToNum() {
        return new TorchTensor(
                torch.nan_to_num(value, new DoubleOptional(0.0), new DoubleOptional(), new DoubleOptional()));
    }

    /** The only element as a number; waits for the device. */
    public double item() {
        return value.item_double();
    }

    /** The same values without their history. */
    public TorchTensor detach() {
        return new TorchTensor(value.detach());
    }

    /** A leaf with the same values, for which a gradient is noted. */
    public TorchTensor leaf() {
        return new TorchTensor(value.detach().set_requires_grad(true));
    }

    public boolean requiresGrad() {
        return value.requires_grad();
    }

    /** The noted gradient, or null if there is none. */
    public @Nullable TorchTensor grad() {
        org.bytedeco.pytorch.Tensor grad = value.grad();
        return grad.defined() ? new TorchTensor(grad) : null;
    }

    public TorchTensor to(DType type) {
        return new TorchTensor(value.to(Types.of(type)));
    }

    /** The same values on {@code device}. */
    public TorchTensor to(TorchDevice device) {
        return new TorchTensor(value.to(device.value(), value.scalar_type()));
    }

    /** Copies the elements out, row-major. */
    public float[] toFloats() {
        float[] floats = new float[Math.toIntExact(numel())];
        try (Region region = Region.open()) {
            value.detach()
                    .to(TorchDevice.cpu().value(), torch.ScalarType.Float)
                    .contiguous()
                    .data_ptr_float()
                    .get(floats);
        }
        return floats;
    }

    /** Copies bytes out, row-major. */
    public byte[] toBytes() {
        byte[] bytes = new byte[Math.toIntExact(numel())];
        try (Region region = Region.open()) {
            value.to(TorchDevice.cpu().value(), torch.ScalarType.Byte)
                    .contiguous()
                    .data_ptr_byte()
                    .get(bytes);
        }
        return bytes;
    }

    /** {@code values} in the shape {@code sizes} on {@code device}, F32. */
    public static TorchTensor of(float[] values, TorchDevice device, long... sizes) {
        TorchTensor host = new TorchTensor(torch.tensor(values).view(sizes));
        return device.equals(TorchDevice.cpu()) ? host : host.to(device);
    }

    /** Both, one behind the other along the first dimension, {@code times} times. */
    public TorchTensor repeat(int times) {
        org.bytedeco.pytorch.Tensor[] parts = new org.bytedeco.pytorch.Tensor[times];
        Arrays.fill(parts, value);
        return new TorchTensor(torch.cat(new TensorVector(parts), 0));
    }

    static org.bytedeco.pytorch.Tensor of(Tensor tensor) {
        if (tensor instanceof TorchTensor computed) {
            return computed.value;
        }
        throw new IllegalArgumentException(
                "libtorch cannot compute with a tensor of another backend, but was given one of the shape "
                        + tensor.shape());
    }

    private static TensorOptional optional(@Nullable Tensor tensor) {
        return tensor == null ? new TensorOptional() : new TensorOptional(of(tensor));
    }
}
