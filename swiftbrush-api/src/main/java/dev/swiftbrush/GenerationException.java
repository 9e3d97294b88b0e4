package dev.swiftbrush;

/**
 * The engine failed while it made an image.
 *
 * <p>A retry can help when the cause was passing, such as a device that was short of memory; the message says more.
 */
public final class GenerationException extends SwiftBrushException {

    private static final long serialVersionUID = 1L;

    /** Says what was asked, what was found and what to do. */
    public GenerationException(String message) {
        super(message);
    }

    /** Says what was asked, what was found and what to do, and keeps the cause. */
    public GenerationException(String message, Throwable cause) {
        super(message, cause);
    }
}
