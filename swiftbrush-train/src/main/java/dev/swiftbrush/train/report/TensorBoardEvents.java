package dev.swiftbrush.train.report;

import com.google.protobuf.CodedOutputStream;
import dev.swiftbrush.train.files.StorageException;
import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * An event file for TensorBoard. Every event is handed to the system as it is written. Use from one thread.
 *
 * <p>A resumed run writes another file into the same folder; its first event makes TensorBoard forget what earlier files say of
 * the steps that are done again.
 *
 * @see <a href="https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto">event.proto</a>
 * @see <a href="https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/summary.proto">summary.proto</a>
 * @see <a href="https://www.tensorflow.org/tutorials/load_data/tfrecord">the framing of records</a>
 */
final class TensorBoardEvents implements AutoCloseable {

    private static final int WALL_TIME = 1; // Event
    private static final int STEP = 2;
    private static final int FILE_VERSION = 3;
    private static final int SUMMARY = 5;
    private static final int SESSION_LOG = 7;

    private static final int STATUS = 1; // SessionLog
    private static final int START = 1;

    private static final int VALUE = 1; // Summary

    private static final int TAG = 1; // Summary.Value
    private static final int SIMPLE_VALUE = 2;
    private static final int IMAGE = 4;

    private static final int HEIGHT = 1; // Summary.Image
    private static final int WIDTH = 2;
    private static final int COLORSPACE = 3;
    private static final int ENCODED_IMAGE_STRING = 4;
    private static final int RGB = 3;

    private static final int MOST_FILES_A_SECOND = 1000;

    private final Path path;
    private final FileOutputStream file; // a channel would be closed by an interrupt
    private final InstantSource clock;

    private TensorBoardEvents(Path path, FileOutputStream file, InstantSource clock) {
        this.path = path;
        this.file = file;
        this.clock = clock;
    }

    /**
     * Starts an event file in {@code folder}, which is made if it is not there.
     *
     * @param completedSteps the step that the run goes on from; 0 for a new one
     */
    static TensorBoardEvents create(Path folder, long completedSteps, InstantSource clock) {
        try {
            Files.createDirectories(folder);
            for (int i = 0; i < MOST_FILES_A_SECOND; i++) {
                // TensorBoard looks for "tfevents" and reads the files in the order of their names
                Path path = folder.resolve(String.format(
                        Locale.ROOT,
                        "events.out.tfevents.%010d.%03d.swiftbrush",
                        clock.instant().getEpochSecond(),
                        i));
                if (path.toFile().createNewFile()) {
                    TensorBoardEvents events = new TensorBoardEvents(path, new FileOutputStream(path.toFile()), clock);
                    events.event(0, message -> message.writeString(FILE_VERSION, "brain.Event:2"));
                    byte[] start = message(log -> log.writeEnum(STATUS, START));
                    events.event(completedSteps + 1, message -> message.writeByteArray(SESSION_LOG, start));
                    return events;
                }
            }
        } catch (IOException e) {
            throw StorageException.cannotWrite(folder, e);
        }
        throw new StorageException("%s has %d event files of this second".formatted(folder, MOST_FILES_A_SECOND));
    }

    /** Writes the values of one step, in their order, as float32. */
    void scalars(long step, Map<String, Double> values) {
        byte[] summary = message(message -> {
            for (Map.Entry<String, Double> each : values.entrySet()) {
                message.writeByteArray(VALUE, message(value -> {
                    value.writeString(TAG, each.getKey());
                    value.writeFloat(SIMPLE_VALUE, each.getValue().floatValue());
                }));
            }
        });
        event(step, message -> message.writeByteArray(SUMMARY, summary));
    }

    /** Writes a picture of the given size in pixels. */
    void image(String tag, long step, int width, int height, byte[] png) {
        byte[] image = message(message -> {
            message.writeInt32(HEIGHT, height);
            message.writeInt32(WIDTH, width);
            message.writeInt32(COLORSPACE, RGB);
            message.writeByteArray(ENCODED_IMAGE_STRING, png);
        });
        byte[] value = message(message -> {
            message.writeString(TAG, tag);
            message.writeByteArray(IMAGE, image);
        });
        byte[] summary = message(message -> message.writeByteArray(VALUE, value));
        event(step, message -> message.writeByteArray(SUMMARY, summary));
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw StorageException.cannotWrite(path, e);
        }
    }

    private void event(long step, Fields what) {
        Instant now = clock.instant();
        byte[] event = message(message -> {
            message.writeDouble(WALL_TIME, now.getEpochSecond() + now.getNano() / 1e9);
            if (step != 0) {
                message.writeInt64(STEP, step);
            }
            what.write(message);
        });
        try {
            file.write(record(event));
        } catch (IOException e) {
            throw StorageException.cannotWrite(path, e);
        }
    }

    /** Length, its checksum, data, its checksum. */
    private static byte[] record(byte[] data) {
        byte[] length = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(data.length)
                .array();
        return ByteBuffer.allocate(length.length + data.length + 2 * Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(length)
                .putInt(maskedCrc(length))
                .put(data)
                .putInt(maskedCrc(data))
                .array();
    }

    /** A CRC of data that holds CRCs is weak, so TFRecord rotates it and adds a constant. */
    private static int maskedCrc(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    private interface Fields {
        void write(CodedOutputStream message) throws IOException;
    }

    private static byte[] message(Fields fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            CodedOutputStream message = CodedOutputStream.newInstance(bytes);
            fields.write(message);
            message.flush();
        } catch (IOException e) {
            throw new IllegalStateException("a stream into memory failed", e);
        }
        return bytes.toByteArray();
    }
}
