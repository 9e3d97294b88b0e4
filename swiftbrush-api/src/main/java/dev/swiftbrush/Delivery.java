package dev.swiftbrush;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/** Images that are made some at a time and handed over as they are ready. Use from one thread, once. */
final class Delivery {

    private record Outcome(
            int index,
            @Nullable GeneratedImage image,
            @Nullable Throwable failure) {}

    private final List<GenerationRequest> requests;
    private final Function<GenerationRequest, CompletableFuture<GeneratedImage>> start;
    private final Map<Integer, CompletableFuture<GeneratedImage>> running = new HashMap<>(); // by index
    private final BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
    private int next;

    Delivery(List<GenerationRequest> requests, Function<GenerationRequest, CompletableFuture<GeneratedImage>> start) {
        this.requests = requests;
        this.start = start;
    }

    /**
     * Hands over every image, or cancels what is not over and throws the first failure as it is.
     *
     * @param atOnce how many are started before the first is over
     * @param onImage is given an image and the index of its request, on this thread
     */
    void run(int atOnce, ObjIntConsumer<GeneratedImage> onImage) throws InterruptedException {
        try {
            while (next < Math.min(atOnce, requests.size())) {
                startNext();
            }
            while (!running.isEmpty()) {
                Outcome outcome = outcomes.take();
                running.remove(outcome.index);
                GeneratedImage image = imageOf(outcome);
                if (next < requests.size()) {
                    startNext(); // before the image is handed over: the device has something to do meanwhile
                }
                onImage.accept(image, outcome.index);
            }
        } finally {
            running.values().forEach(future -> future.cancel(true));
        }
    }

    private void startNext() {
        int index = next++;
        CompletableFuture<GeneratedImage> future = start.apply(requests.get(index));
        running.put(index, future);
        future.whenComplete((image, failure) -> outcomes.add(new Outcome(index, image, failure)));
    }

    private static GeneratedImage imageOf(Outcome outcome) {
        if (outcome.failure instanceof Error error) {
            throw error;
        }
        if (outcome.failure != null) {
            throw (RuntimeException) outcome.failure; // the work is a Supplier: it throws nothing else
        }
        return Objects.requireNonNull(outcome.image);
    }
}
