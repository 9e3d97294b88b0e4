package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to one or more requests. Immutable and thread-safe; holds no prompts.
 *
 * <p>Every request that an opened model was asked for ends in exactly one {@link Completed} or {@link Failed}, and the
 * {@link Stage}s that it went through come before, unless it gave up while those it was joined with went on. A request that was never asked for, because the model cannot serve it or
 * is closed, has no event.
 */
public sealed interface GenerationEvent
        permits GenerationEvent.Stage, GenerationEvent.Completed, GenerationEvent.Failed {

    /** The stages, as {@link Timings} has them, in the order in which a request goes through them. */
    enum StageName {
        /** From the prompt to token ids; each request alone, on no device. */
        TOKENIZING,
        /** For a free session; each request alone. */
        WAITING,
        /** From token ids to the text encoder's hidden states, or their finding in the prompt cache. */
        ENCODING,
        /** From seeds to noise. */
        NOISE,
        /** From noise and hidden states to pixels: one network call. */
        GENERATING
    }

    /**
     * A stage is over; reported once however many requests it was done for.
     *
     * @param stage which
     * @param time how long it took, in wall-clock time
     * @param batch how many requests it was done for at once, at least 1
     * @param device the device that did it or was waited for, for example {@code cuda:0}; null if none has to do with it
     */
    record Stage(
            StageName stage,
            Duration time,
            int batch,
            @Nullable String device) implements GenerationEvent {
        /**
         * @throws IllegalArgumentException if the stage is absent, the time is absent or negative, or {@code batch} is
         *     below 1
         */
        public Stage {
            requirePresent(stage, "stage");
            Checks.requireDuration("time", time);
            requireArgument(batch >= 1, "batch must be positive, but was %d", batch);
        }
    }

    /**
     * A request's image is there.
     *
     * @param total from the call to the image
     * @param size the image's
     */
    record Completed(Duration total, ImageSize size) implements GenerationEvent {
        /**
         * @throws IllegalArgumentException if the size is absent, or the time is absent or negative
         */
        public Completed {
            Checks.requireDuration("total", total);
            requirePresent(size, "size");
        }
    }

    /**
     * A request ended without an image.
     *
     * @param reason what its caller is thrown: a {@link PoolException} if it was refused, ran out of time or was
     *     cancelled, an {@link IllegalStateException} if the model was closed, anything else if the engine failed
     */
    record Failed(Throwable reason) implements GenerationEvent {
        /**
         * @throws IllegalArgumentException if the reason is absent
         */
        public Failed {
            requirePresent(reason, "reason");
        }
    }
}
