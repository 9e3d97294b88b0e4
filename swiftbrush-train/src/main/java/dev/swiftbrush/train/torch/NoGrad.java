package dev.swiftbrush.train.torch;

import org.bytedeco.pytorch.NoGradGuard;

/** A stretch of work on this thread that notes nothing for gradients. */
public final class NoGrad implements AutoCloseable {
    private final NoGradGuard guard = new NoGradGuard();

    private NoGrad() {}

    public static NoGrad begin() {
        return new NoGrad();
    }

    @Override
    public void close() {
        guard.close();
    }
}
