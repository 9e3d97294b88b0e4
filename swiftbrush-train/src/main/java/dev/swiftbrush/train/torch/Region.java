package dev.swiftbrush.train.torch;

import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of work whose tensors are freed when it ends, except for those that are handed out.
 *
 * <p>Without one, native memory waits for Java's garbage collector, which does not know how large it is. Tensors that
 * gradients still need are held by libtorch itself. Use from one thread; regions nest.
 */
public final class Region implements AutoCloseable {
    private final @Nullable PointerScope around = PointerScope.getInnerScope();
    private final PointerScope scope = new PointerScope();

    private Region() {}

    public static Region open() {
        return new Region();
    }

    /** Hands {@code tensor} to the region around this one, or to the garbage collector where there is none. */
    public TorchTensor pass(TorchTensor tensor) {
        if (around == null) {
            return keep(tensor);
        }
        around.attach(tensor.value());
        return tensor;
    }

    /** Lets {@code tensor} outlive every region: it is freed with its last Java reference. */
    public TorchTensor keep(TorchTensor tensor) {
        tensor.value().retainReference();
        return tensor;
    }

    @Override
    public void close() {
        scope.close();
    }
}
