package dev.swiftbrush.train.trainer;

import dev.swiftbrush.train.data.EpochOrder;
import dev.swiftbrush.train.data.PromptEmbeddings;
import dev.swiftbrush.train.objective.Batch;
import dev.swiftbrush.train.objective.Draws;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.TorchDevice;
import dev.swiftbrush.train.torch.TorchTensor;
import java.nio.FloatBuffer;

/** Prompts whose hidden states are known, in a new order every epoch. Use from one thread. */
public final class ShuffledPrompts implements PromptBatches {
    private final PromptEmbeddings embeddings;
    private final EpochOrder order;
    private final Draws draws;
    private final TorchDevice device;
    private final int samplesPerStep;
    private final TorchTensor empty;

    public ShuffledPrompts(
            PromptEmbeddings embeddings, EpochOrder order, Draws draws, TorchDevice device, int samplesPerStep) {
        this.embeddings = embeddings;
        this.order = order;
        this.draws = draws;
        this.device = device;
        this.samplesPerStep = samplesPerStep;
        FloatBuffer states = FloatBuffer.allocate(embeddings.tokens() * embeddings.width());
        embeddings.readEmptyPrompt(states);
        try (Region region = Region.open()) {
            this.empty = region.keep(tensor(states, 1));
        }
    }

    @Override
    public Batch batch(long step, long first, int size) {
        int[] indices = new int[size];
        for (int i = 0; i < size; i++) {
            indices[i] = order.index(step * samplesPerStep + first + i);
        }
        FloatBuffer states = FloatBuffer.allocate(size * embeddings.tokens() * embeddings.width());
        embeddings.read(indices, states);
        return new Batch(draws, device, step, first, tensor(states, size), empty);
    }

    @Override
    public long epoch(long step) {
        return order.epoch(step * samplesPerStep);
    }

    private TorchTensor tensor(FloatBuffer states, int size) {
        return TorchTensor.of(states.array(), device, size, embeddings.tokens(), embeddings.width());
    }
}
