package dev.swiftbrush;

/**
 * The device that was asked for cannot be had, or has not enough memory.
 *
 * <p>A retry fails the same way until the machine, the class path or the asked device changes.
 */
public final class DeviceException extends SwiftBrushException {

    private static final long serialVersionUID = 1L;

    /** Says what was asked, what was found and what to do. */
    public DeviceException(String message) {
        super(message);
    }

    /** Says what was asked, what was found and what to do, and keeps the cause. */
    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
