package dev.swiftbrush.train;

import dev.swiftbrush.SwiftBrushException;

/** A training met a number that is not finite and stopped before it reached the weights. */
public final class DivergedException extends SwiftBrushException {
    private static final long serialVersionUID = 1;

    public DivergedException(String message) {
        super(message);
    }

    public DivergedException(String message, Throwable cause) {
        super(message, cause);
    }
}
