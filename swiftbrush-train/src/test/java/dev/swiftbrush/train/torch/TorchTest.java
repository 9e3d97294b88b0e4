package dev.swiftbrush.train.torch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TorchTest {

    @AfterEach
    void putBack() {
        Torch.start(1);
    }

    @Test
    void computesTheSameBitsEveryTimeIfAskedTo() {
        Torch.start(1, true);
        assertThat(Torch.isDeterministic()).isTrue();

        Torch.start(1, false);
        assertThat(Torch.isDeterministic()).isFalse();
    }
}
