package dev.swiftbrush.train.torch;

import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.train.torch.Layout.Slot;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.LayoutOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Named weights that lie one behind the other in one tensor, so that an optimiser takes a few large steps instead of
 * hundreds of small ones. Gaps between them are zero. Use from one thread.
 */
public final class FlatTensor {
    private static final int CHUNK_BYTES = 4 << 20;

    private final Layout layout;
    private final TorchDevice device;
    private final DType dtype;
    private final Tensor flat;

    private FlatTensor(Layout layout, TorchDevice device, DType dtype) {
        this.layout = layout;
        this.device = device;
        this.dtype = dtype;
        try (Region region = Region.open()) {
            Tensor zeros = torch.zeros(
                    new long[] {layout.elements()},
                    new ScalarTypeOptional(Types.of(dtype)),
                    new LayoutOptional(),
                    new DeviceOptional(device.value()),
                    new BoolOptional());
            flat = region.keep(new TorchTensor(zeros)).value();
        }
    }

    public static FlatTensor zeros(Map<String, Shape> shapes, TorchDevice device, DType dtype) {
        return new FlatTensor(new Layout(shapes), device, dtype);
    }

    /** Zeros of the same layout. */
    public FlatTensor like(TorchDevice device, DType dtype) {
        return new FlatTensor(layout, device, dtype);
    }

    Tensor flat() {
        return flat;
    }

    public TorchDevice device() {
        return device;
    }

    public DType dtype() {
        return dtype;
    }

    public Set<String> names() {
        return layout.names();
    }

    public Shape shape(String name) {
        return layout.slot(name).shape();
    }

    /** All weights, in their order. */
    public Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        names().forEach(name -> shapes.put(name, shape(name)));
        return shapes;
    }

    /** Bytes that it occupies. */
    public long bytes() {
        return layout.elements() * dtype.bytes();
    }

    /** The weight {@code name}, which shares this tensor's memory. */
    public TorchTensor view(String name) {
        Slot slot = layout.slot(name);
        return new TorchTensor(
                flat.narrow(0, slot.offset(), slot.elements()).view(slot.shape().sizes()));
    }

    /** Takes over all values of a tensor of the same layout, converting their type. */
    public void copyFrom(FlatTensor other) {
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            flat.copy_(other.flat);
        }
    }

    /** Overwrites the weight {@code name} with {@code values}, row-major. */
    public void set(String name, float[] values) {
        Slot slot = layout.slot(name);
        if (values.length != slot.elements()) {
            throw new IllegalArgumentException("weight '%s' %s has %d elements, but was given %d"
                    .formatted(name, slot.shape(), slot.elements(), values.length));
        }
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            view(name).value().copy_(torch.tensor(values).view(slot.shape().sizes()));
        }
    }

    /**
     * Hands the elements of the weight {@code name} out in pieces, in order.
     *
     * @param sink given little-endian bytes that hold good only until it returns
     */
    public void read(String name, Consumer<ByteBuffer> sink) {
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            Tensor host = view(name).value().cpu();
            long left = host.nbytes();
            BytePointer from = new BytePointer(host.data_ptr());
            byte[] chunk = new byte[(int) Math.min(CHUNK_BYTES, left)];
            for (long at = 0; left > 0; ) {
                int count = (int) Math.min(chunk.length, left);
                from.position(at).get(chunk, 0, count);
                sink.accept(ByteBuffer.wrap(chunk, 0, count).order(ByteOrder.LITTLE_ENDIAN));
                at += count;
                left -= count;
            }
        }
    }
}
