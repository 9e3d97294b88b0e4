package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.runtime.session.Cancellation;
import java.util.List;

/**
 * Jobs of one size that are drawn in one network call on one lane.
 *
 * @param cancellation ends the call once nobody waits for it any more
 */
record Batch(Lane lane, List<Job> jobs, Cancellation cancellation) {

    /** Ends the call if every job is over. */
    void cancelIfUnwanted() {
        if (jobs.stream().allMatch(Job::isOver)) {
            cancellation.cancel();
        }
    }
}
