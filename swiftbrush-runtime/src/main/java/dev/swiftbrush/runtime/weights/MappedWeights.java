package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The bytes of stored tensors, mapped into memory on demand; each file is opened once.
 *
 * <p>A mapping outlives {@link #close()}: it goes when its buffer is garbage collected. A file that is cut short while it is
 * mapped makes the JVM raise {@link InternalError} on access. Thread-safe.
 */
public final class MappedWeights implements AutoCloseable {

    private static final int MOST_FLOATS = Integer.MAX_VALUE - 8; // the longest array that every JVM can make

    private static final int PIECE_BYTES = 1 << 20;

    private final Map<Path, FileChannel> channels = new HashMap<>();
    private boolean closed;

    /** Opens nothing yet. */
    public MappedWeights() {}

    /**
     * Maps the bytes of {@code tensor}.
     *
     * @return a direct, read-only, little-endian buffer of exactly the tensor's bytes; its address need not be a multiple of
     *     the element size
     * @throws ModelException if the tensor is 2 GiB or more, the file cannot be read, or it has become shorter than its
     *     header says
     * @throws IllegalStateException after {@link #close()}
     */
    public ByteBuffer map(StoredTensor tensor) {
        if (tensor.byteLength() > Integer.MAX_VALUE) {
            throw new ModelException(
                    "tensor %s in %s is %d bytes; one mapping holds at most %d, so it must be stored as several"
                            .formatted(
                                    Messages.quoted(tensor.name()),
                                    tensor.file(),
                                    tensor.byteLength(),
                                    Integer.MAX_VALUE));
        }
        try {
            return channelThatHolds(tensor)
                    .map(FileChannel.MapMode.READ_ONLY, tensor.offset(), tensor.byteLength())
                    .order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw unreadable(tensor, e);
        }
    }

    /**
     * Reads the bytes of {@code tensor} one piece after another, without mapping them: of a large file, no more than a piece
     * counts as this process's memory.
     *
     * @param piece takes each, little-endian and of whole elements; it is read over afterwards
     * @throws ModelException if the file cannot be read, or it has become shorter than its header says
     * @throws IllegalStateException after {@link #close()}
     */
    public void read(StoredTensor tensor, Consumer<ByteBuffer> piece) {
        ByteBuffer buffer = ByteBuffer.allocateDirect((int) Math.min(PIECE_BYTES, tensor.byteLength()))
                .order(ByteOrder.LITTLE_ENDIAN);
        try {
            FileChannel channel = channelThatHolds(tensor);
            long end = tensor.offset() + tensor.byteLength();
            int size;
            for (long at = tensor.offset(); at < end; at += size) {
                size = (int) Math.min(buffer.capacity(), end - at);
                buffer.clear().limit(size);
                while (buffer.hasRemaining()) {
                    if (channel.read(buffer, at + buffer.position()) < 0) {
                        throw new EOFException("it ends too early");
                    }
                }
                piece.accept(buffer.flip());
            }
        } catch (IOException e) {
            throw unreadable(tensor, e);
        }
    }

    private FileChannel channelThatHolds(StoredTensor tensor) throws IOException {
        FileChannel channel = channel(tensor.file());
        long fileBytes = channel.size();
        if (fileBytes - tensor.byteLength() < tensor.offset()) {
            throw new ModelException(
                    "tensor %s in %s ends at byte %d of the file, which now holds %d; it changed since it was opened"
                            .formatted(
                                    Messages.quoted(tensor.name()),
                                    tensor.file(),
                                    tensor.offset() + tensor.byteLength(),
                                    fileBytes));
        }
        return channel;
    }

    private static ModelException unreadable(StoredTensor tensor, IOException e) {
        return new ModelException("%s cannot be read: %s".formatted(tensor.file(), Messages.reason(e)), e);
    }

    /**
     * Reads an F32, F16 or BF16 tensor as floats, exactly.
     *
     * @return a new array of {@link StoredTensor#elements()} values
     * @throws ModelException if the tensor is of another type, has more elements than an array can hold, or cannot be mapped
     * @throws IllegalStateException after {@link #close()}
     */
    public float[] floats(StoredTensor tensor) {
        if (!FloatConversion.supports(tensor.dtype(), DType.F32)) {
            throw new ModelException("tensor %s in %s is %s; only F32, F16 and BF16 are read as floats"
                    .formatted(Messages.quoted(tensor.name()), tensor.file(), tensor.dtype()));
        }
        if (tensor.elements() > MOST_FLOATS) {
            throw new ModelException("tensor %s in %s has %d elements; an array holds at most %d"
                    .formatted(Messages.quoted(tensor.name()), tensor.file(), tensor.elements(), MOST_FLOATS));
        }
        ByteBuffer bytes = map(tensor);
        float[] floats = new float[(int) tensor.elements()];
        if (tensor.dtype() == DType.F32) {
            bytes.asFloatBuffer().get(floats);
            return floats;
        }
        for (int i = 0; i < floats.length; i++) {
            floats[i] = FloatConversion.next(bytes, tensor.dtype());
        }
        return floats;
    }

    /** Closes the files; the buffers already given out stay good. */
    @Override
    public synchronized void close() {
        closed = true;
        IOException failure = null;
        for (FileChannel channel : channels.values()) {
            try {
                channel.close();
            } catch (IOException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        channels.clear();
        if (failure != null) {
            throw new ModelException("weights cannot be closed: " + Messages.reason(failure), failure);
        }
    }

    private synchronized FileChannel channel(Path file) throws IOException {
        if (closed) {
            throw new IllegalStateException("weights are closed");
        }
        FileChannel open = channels.get(file);
        if (open == null || !open.isOpen()) { // a thread interrupted while it reads closes the channel
            open = FileChannel.open(file, StandardOpenOption.READ);
            channels.put(file, open);
        }
        return open;
    }
}
