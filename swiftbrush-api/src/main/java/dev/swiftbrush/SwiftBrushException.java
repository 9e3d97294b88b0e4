package dev.swiftbrush;

/**
 * Something other than a bad argument kept SwiftBrush from doing what was asked.
 *
 * <p>The parent of every exception that SwiftBrush defines; all are unchecked and thread-safe. Bad arguments are
 * {@link IllegalArgumentException}, and use after close is {@link IllegalStateException}.
 */
public class SwiftBrushException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Says what was asked, what was found and what to do. */
    public SwiftBrushException(String message) {
        super(message);
    }

    /** Says what was asked, what was found and what to do, and keeps the cause. */
    public SwiftBrushException(String message, Throwable cause) {
        super(message, cause);
    }
}
