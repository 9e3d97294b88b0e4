package dev.swiftbrush.runtime.pipeline;

import org.jspecify.annotations.Nullable;

/** Closes resources, all of them even when one fails. */
public final class Closing {
    private Closing() {}

    /** Closes after a failure, which is the one to be reported. */
    public static void after(Throwable failure, @Nullable AutoCloseable... resources) {
        try {
            all(resources);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    /** Closes in the order given; the first failure is thrown in the end, the others suppressed in it. */
    public static void all(@Nullable AutoCloseable... resources) {
        RuntimeException failure = null;
        for (AutoCloseable resource : resources) {
            try {
                if (resource != null) {
                    resource.close();
                }
            } catch (Exception e) {
                if (failure == null) {
                    failure = e instanceof RuntimeException runtime ? runtime : new IllegalStateException(e);
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
