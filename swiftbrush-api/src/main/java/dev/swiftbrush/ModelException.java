package dev.swiftbrush;

/**
 * The model cannot be used: a file is absent, damaged, or describes something that is not supported.
 *
 * <p>A retry fails the same way until the model's files are changed.
 */
public final class ModelException extends SwiftBrushException {

    private static final long serialVersionUID = 1L;

    /** Says what was asked, what was found and what to do. */
    public ModelException(String message) {
        super(message);
    }

    /** Says what was asked, what was found and what to do, and keeps the cause. */
    public ModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
