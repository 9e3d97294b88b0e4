package dev.swiftbrush.runtime.weights;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a safetensors file whose tensors are declared first and then filled in chunks, in any order of the tensors.
 *
 * <p>The file appears under its name whole or not at all: it is written beside it, flushed to the disk and then moved into
 * place by {@link #close()}. The same declarations give the same header, and the order is that of the reference writer 0.8.0
 * (widest types first, then by name). Use from one thread.
 */
public final class SafetensorsWriter implements AutoCloseable {

    /** The reference writer's order of types. */
    private static final List<DType> ORDER = List.of(
            DType.I64,
            DType.F64,
            DType.F32,
            DType.I32,
            DType.BF16,
            DType.F16,
            DType.I16,
            DType.I8,
            DType.U8,
            DType.BOOL);

    private final AtomicFile file;
    private final Map<String, Slot> slots;
    private boolean closed;

    private SafetensorsWriter(AtomicFile file, Map<String, Slot> slots) {
        this.file = file;
        this.slots = slots;
    }

    /**
     * A tensor to come.
     *
     * @param shape one size per dimension; empty for a scalar
     */
    public record Declaration(String name, DType dtype, List<Long> shape) {

        /** @throws IllegalArgumentException if the name is reserved or too long, or the shape has no byte length */
        public Declaration {
            shape = List.copyOf(shape);
            if (name.equals(SafetensorsHeader.METADATA) || name.length() > StrictJson.MAX_NAME_LENGTH) {
                throw new IllegalArgumentException(
                        "tensor name must not be %s nor longer than %d characters, but was %s"
                                .formatted(
                                        SafetensorsHeader.METADATA, StrictJson.MAX_NAME_LENGTH, Messages.quoted(name)));
            }
            if (shape.size() > SafetensorsHeader.MAX_DIMENSIONS) {
                throw new IllegalArgumentException("tensor %s has %d dimensions; at most %d are allowed"
                        .formatted(Messages.quoted(name), shape.size(), SafetensorsHeader.MAX_DIMENSIONS));
            }
            Shapes.requireByteLength(name, shape, dtype);
        }

        /** Bytes that must be written. */
        public long byteLength() {
            return Shapes.requireByteLength(name, shape, dtype);
        }
    }

    /**
     * Starts a file with a header for {@code tensors}; nothing is under the name {@code file} until {@link #close()}.
     *
     * @param file replaced if it exists; its folder must exist
     * @param metadata the file's {@code __metadata__}; left out if empty
     * @throws IllegalArgumentException if two declarations share a name, or {@link Safetensors#open} would refuse the file
     *     (more than 100,000 tensors, a metadata key over 10,000 characters, a header over 100 MB) or no file can be so long
     * @throws ModelException if the file cannot be written
     */
    public static SafetensorsWriter create(Path file, List<Declaration> tensors, Map<String, String> metadata) {
        List<Declaration> ordered = new ArrayList<>(tensors);
        ordered.sort(Comparator.<Declaration>comparingInt(tensor -> ORDER.indexOf(tensor.dtype()))
                .thenComparing(tensor -> tensor.name().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned));
        requireAddressable(ordered);
        byte[] header = HeaderBytes.of(ordered, metadata);
        Map<String, Slot> slots = new LinkedHashMap<>();
        long offset = (long) Long.BYTES + header.length;
        for (Declaration tensor : ordered) {
            if (slots.put(tensor.name(), new Slot(tensor, offset)) != null) {
                throw new IllegalArgumentException(
                        "tensor %s is declared twice".formatted(Messages.quoted(tensor.name())));
            }
            offset += tensor.byteLength();
        }
        AtomicFile target = AtomicFile.create(file);
        try {
            target.write(
                    0,
                    ByteBuffer.allocate(Long.BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(0, header.length));
            target.write(Long.BYTES, ByteBuffer.wrap(header));
        } catch (ModelException e) {
            target.close();
            throw e;
        }
        return new SafetensorsWriter(target, slots);
    }

    /**
     * Appends {@code chunks} to tensor {@code name}.
     *
     * @param chunks little-endian elements, each buffer taken from its position to its limit and left at its limit
     * @throws IllegalArgumentException if no tensor of that name was declared, or it would get more bytes than it has; nothing
     *     is then written
     * @throws ModelException if the disk refuses
     * @throws IllegalStateException after {@link #close()}
     */
    public void write(String name, ByteBuffer... chunks) {
        Slot slot = slot(name);
        requireRoom(slot, Arrays.stream(chunks).mapToLong(ByteBuffer::remaining).sum());
        for (ByteBuffer chunk : chunks) {
            int bytes = chunk.remaining();
            file.write(slot.offset + slot.written, chunk);
            slot.written += bytes;
        }
    }

    /**
     * Converts elements to the type that tensor {@code name} was declared with, and appends them.
     *
     * @param source little-endian elements of type {@code from}, read from its position to its limit; neither is moved
     * @throws IllegalArgumentException as {@link #write} and {@link FloatConversion#convert} say
     * @throws ModelException if the disk refuses
     * @throws IllegalStateException after {@link #close()}
     */
    public void writeConverted(String name, ByteBuffer source, DType from) {
        Slot slot = slot(name);
        DType to = slot.tensor.dtype();
        requireRoom(slot, (long) source.remaining() / from.bytes() * to.bytes());
        FloatConversion.convert(source, from, to, chunk -> write(name, chunk));
    }

    /**
     * Puts the file in its place; called again, does nothing.
     *
     * @throws ModelException if a tensor was not filled, or the disk refuses; what was written is then removed, and a file
     *     that was there before is untouched
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try (file) {
            requireFilled();
            file.commit();
        }
    }

    private static void requireAddressable(List<Declaration> tensors) {
        long left = Long.MAX_VALUE - Safetensors.MAX_HEADER_BYTES - Long.BYTES;
        for (Declaration tensor : tensors) {
            left -= tensor.byteLength();
            if (left < 0) {
                throw new IllegalArgumentException("the declared tensors hold more than 2^63 bytes in all");
            }
        }
    }

    private Slot slot(String name) {
        if (closed) {
            throw new IllegalStateException("writer of %s is closed".formatted(file));
        }
        Slot slot = slots.get(name);
        if (slot == null) {
            throw new IllegalArgumentException(
                    "no tensor %s was declared for %s".formatted(Messages.quoted(name), file));
        }
        return slot;
    }

    private void requireRoom(Slot slot, long bytes) {
        if (bytes > slot.missing()) {
            throw new IllegalArgumentException("tensor %s of %s has room for %d more bytes of its %d, but was given %d"
                    .formatted(
                            Messages.quoted(slot.tensor.name()),
                            file,
                            slot.missing(),
                            slot.tensor.byteLength(),
                            bytes));
        }
    }

    private void requireFilled() {
        List<Slot> unfilled =
                slots.values().stream().filter(slot -> slot.missing() > 0).toList();
        if (!unfilled.isEmpty()) {
            Slot first = unfilled.get(0);
            throw new ModelException(
                    "%s was not written: %d of its %d tensors are incomplete, first %s with %d of %d bytes"
                            .formatted(
                                    file,
                                    unfilled.size(),
                                    slots.size(),
                                    Messages.quoted(first.tensor.name()),
                                    first.written,
                                    first.tensor.byteLength()));
        }
    }

    /** A tensor's place in the file, and how far it is filled. */
    private static final class Slot {
        private final Declaration tensor;
        private final long offset;
        private long written;

        Slot(Declaration tensor, long offset) {
            this.tensor = tensor;
            this.offset = offset;
        }

        long missing() {
            return tensor.byteLength() - written;
        }
    }
}
