package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.GenerationException;
import dev.swiftbrush.runtime.session.Cancellation;
import dev.swiftbrush.runtime.session.HostTensor;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Networks that draw the first byte of their noise, when a test lets them, and fail when a test says so. */
final class FakeNetworks implements Networks {
    /** Calls that may end; every call does unless a test drains this. */
    final Semaphore mayEnd = new Semaphore(1_000_000);

    final Queue<RuntimeException> failures = new ConcurrentLinkedQueue<>();
    final List<Integer> batches = new CopyOnWriteArrayList<>();
    final AtomicInteger encoded = new AtomicInteger();
    final AtomicInteger running = new AtomicInteger();
    final AtomicInteger mostRunning = new AtomicInteger();
    volatile boolean closed;
    Runnable onClose = () -> {};

    @Override
    public void encode(HostTensor ids, HostTensor states, Cancellation cancellation) {
        encoded.incrementAndGet();
        states.data().asFloatBuffer().put(0, ids.data().asLongBuffer().get(1));
    }

    @Override
    public void generate(HostTensor noise, HostTensor states, HostTensor pixels, Cancellation cancellation) {
        if (closed) {
            throw new AssertionError("used after close");
        }
        mostRunning.accumulateAndGet(running.incrementAndGet(), Math::max);
        try {
            awaitTurn(cancellation);
            RuntimeException failure = failures.poll();
            if (failure != null) {
                throw failure;
            }
            draw(noise, pixels);
            batches.add((int) noise.sizes()[0]);
        } finally {
            running.decrementAndGet();
        }
    }

    private void awaitTurn(Cancellation cancellation) {
        try {
            while (!mayEnd.tryAcquire(1, TimeUnit.MILLISECONDS)) {
                if (cancellation.isCancelled()) {
                    throw new GenerationException("The generator was cancelled");
                }
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Every byte of a picture is the first byte of its noise. */
    private static void draw(HostTensor noise, HostTensor pixels) {
        int batch = (int) noise.sizes()[0];
        ByteBuffer in = noise.data();
        ByteBuffer out = pixels.data();
        for (int i = 0; i < out.remaining(); i++) {
            int picture = i / (out.remaining() / batch);
            out.put(i, in.get(picture * (in.remaining() / batch)));
        }
    }

    @Override
    public void close() {
        if (running.get() > 0) {
            throw new AssertionError("closed while it runs");
        }
        closed = true;
        onClose.run();
    }
}
