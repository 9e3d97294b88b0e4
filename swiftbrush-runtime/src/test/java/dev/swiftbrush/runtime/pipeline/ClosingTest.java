package dev.swiftbrush.runtime.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClosingTest {
    private final List<String> closed = new ArrayList<>();

    @Test
    void closesAllInOrderAndThrowsTheFirstFailure() {
        IllegalStateException failure = new IllegalStateException("b");
        assertThatThrownBy(() -> Closing.all(
                        closing("a", null), closing("b", failure), null, closing("c", new IOException("c"))))
                .isSameAs(failure)
                .hasSuppressedException(new IOException("c"));
        assertThat(closed).containsExactly("a", "b", "c");
    }

    @Test
    void aFailureThatWasThereBeforeIsTheOneThatCounts() {
        IllegalStateException failure = new IllegalStateException("first");
        Closing.after(failure, closing("a", new IllegalArgumentException("a")), closing("b", null));
        assertThat(failure).hasSuppressedException(new IllegalArgumentException("a"));
        assertThat(closed).containsExactly("a", "b");
    }

    private AutoCloseable closing(String name, Exception failure) {
        return () -> {
            closed.add(name);
            if (failure != null) {
                throw failure;
            }
        };
    }
}
