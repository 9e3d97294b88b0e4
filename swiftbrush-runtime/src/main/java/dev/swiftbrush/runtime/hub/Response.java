package dev.swiftbrush.runtime.hub;

import dev.swiftbrush.DownloadException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** An answer whose body is read as it arrives, and not waited for without end. Use from one thread, close from any. */
final class Response implements AutoCloseable {
    private final HttpResponse<InputStream> http;
    private final ScheduledExecutorService clock;
    private final Patience patience;
    private final Consumer<Response> onClose;
    private volatile boolean stalled;
    private volatile boolean dropped;

    Response(
            HttpResponse<InputStream> http,
            ScheduledExecutorService clock,
            Patience patience,
            Consumer<Response> onClose) {
        this.http = http;
        this.clock = clock;
        this.patience = patience;
        this.onClose = onClose;
    }

    int status() {
        return http.statusCode();
    }

    String header(String name) {
        return http.headers().firstValue(name).orElse("");
    }

    /**
     * As {@link InputStream#read(byte[])}, but fails when nothing comes for too long.
     *
     * @throws InterruptedException if the answer was dropped
     */
    int read(byte[] buffer) throws IOException, InterruptedException {
        ScheduledFuture<?> alarm;
        try {
            alarm = clock.schedule(this::giveUp, patience.stall().toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            throw new InterruptedException("the download was stopped");
        }
        try {
            return http.body().read(buffer);
        } catch (IOException e) {
            if (dropped) {
                throw new InterruptedException("the download was stopped");
            }
            throw stalled
                    ? new IOException("nothing came for " + patience.stall().toSeconds() + " s", e)
                    : e;
        } finally {
            alarm.cancel(false);
        }
    }

    /** The whole body, if it is not longer than {@code maxBytes}. */
    byte[] readAll(int maxBytes) throws IOException, InterruptedException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[1 << 16];
        for (int n = read(buffer); n >= 0; n = read(buffer)) {
            if (all.size() + n > maxBytes) {
                throw new DownloadException(
                        "The hub's answer has more than %d bytes, which no model needs".formatted(maxBytes));
            }
            all.write(buffer, 0, n);
        }
        return all.toByteArray();
    }

    private void giveUp() {
        stalled = true;
        close();
    }

    /** Ends the reading of this answer, on whatever thread it is. */
    void drop() {
        dropped = true;
        close();
    }

    /** Lets go of what has not arrived yet. */
    @Override
    public void close() {
        onClose.accept(this);
        try {
            http.body().close();
        } catch (IOException e) {
            // nobody wants the rest
        }
    }
}
