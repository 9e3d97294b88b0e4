package dev.swiftbrush;

/**
 * The model could not be got from its hub: it is not there, access was refused, the network failed, or there is no room
 * for it.
 *
 * <p>What has arrived is kept: the next attempt goes on from there.
 */
public final class DownloadException extends SwiftBrushException {

    private static final long serialVersionUID = 1L;

    /** Says what was asked, what was found and what to do. */
    public DownloadException(String message) {
        super(message);
    }

    /** Says what was asked, what was found and what to do, and keeps the cause. */
    public DownloadException(String message, Throwable cause) {
        super(message, cause);
    }
}
