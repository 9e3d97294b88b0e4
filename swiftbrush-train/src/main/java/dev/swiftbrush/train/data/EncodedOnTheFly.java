package dev.swiftbrush.train.data;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Encodes prompts whenever they are read: takes no disk, and a network call for each reading. */
public final class EncodedOnTheFly implements PromptEmbeddings {
    private final Prompts prompts;
    private final TextEncoder encoder;
    private final FloatBuffer emptyPrompt;

    /** @param encoder closed by this object's {@link #close} */
    public EncodedOnTheFly(Prompts prompts, TextEncoder encoder) {
        this.prompts = prompts;
        this.encoder = encoder;
        this.emptyPrompt = FloatBuffer.allocate(Math.multiplyExact(encoder.tokens(), encoder.width()));
        encoder.encode(List.of(""), emptyPrompt);
        emptyPrompt.flip();
    }

    @Override
    public int count() {
        return prompts.count();
    }

    @Override
    public int tokens() {
        return encoder.tokens();
    }

    @Override
    public int width() {
        return encoder.width();
    }

    @Override
    public void read(int[] indices, FloatBuffer out) {
        List<String> texts = new ArrayList<>();
        for (int index : indices) {
            texts.add(prompts.list().get(Objects.checkIndex(index, count())));
        }
        encoder.encode(texts, out);
    }

    @Override
    public void readEmptyPrompt(FloatBuffer out) {
        out.put(emptyPrompt.duplicate());
    }

    @Override
    public void close() {
        encoder.close();
    }
}
