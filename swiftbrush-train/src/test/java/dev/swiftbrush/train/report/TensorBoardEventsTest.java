package dev.swiftbrush.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardEventsTest {

    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_250L));

    @TempDir
    Path folder;

    /** golden.tfevents is what TensorBoard 2.21.0 itself writes; see tools/reference/check_events.py. */
    @Test
    void writesTheBytesThatTensorBoardWrites() throws IOException {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss/student", 0.1);
        values.put("loss/lora", Double.POSITIVE_INFINITY);
        values.put("ema/decay", 0.0);
        byte[] png = new byte[40];
        for (int i = 0; i < png.length; i++) {
            png[i] = (byte) i;
        }
        try (TensorBoardEvents events = TensorBoardEvents.create(folder, 6, CLOCK)) {
            events.scalars(7, values);
            events.image("samples", 300, 3, 2, png);
        }

        try (InputStream golden = getClass().getResourceAsStream("golden.tfevents")) {
            assertThat(files()).hasSize(1);
            assertThat(Files.readAllBytes(files().get(0))).isEqualTo(golden.readAllBytes());
        }
    }

    @Test
    void framesEveryRecordWithItsLengthAndTwoMaskedChecksums() throws IOException {
        try (TensorBoardEvents events = TensorBoardEvents.create(folder, 0, CLOCK)) {
            for (int step = 1; step <= 50; step++) {
                events.scalars(step, Map.of("loss", 1.0 / step));
            }
        }
        List<byte[]> records = records(Files.readAllBytes(files().get(0)));

        assertThat(records).hasSize(52);
        for (int step = 1; step <= 50; step++) {
            assertThat(step(records.get(step + 1))).isEqualTo(step);
        }
    }

    @Test
    void givesFilesOfOneSecondNamesInTheirOrder() throws IOException {
        for (int i = 0; i < 3; i++) {
            TensorBoardEvents.create(folder, i, CLOCK).close();
        }
        assertThat(files().stream().map(file -> file.getFileName().toString()))
                .containsExactly(
                        "events.out.tfevents.1700000000.000.swiftbrush",
                        "events.out.tfevents.1700000000.001.swiftbrush",
                        "events.out.tfevents.1700000000.002.swiftbrush");
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    /** Takes the framing apart with a checksum of its own, bit by bit. */
    private static List<byte[]> records(byte[] file) {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        List<byte[]> records = new ArrayList<>();
        while (bytes.hasRemaining()) {
            byte[] length = new byte[8];
            bytes.get(length);
            assertThat(bytes.getInt()).isEqualTo(masked(length));
            byte[] data = new byte
                    [(int) ByteBuffer.wrap(length)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong()];
            bytes.get(data);
            assertThat(bytes.getInt()).isEqualTo(masked(data));
            records.add(data);
        }
        return records;
    }

    @Test
    void theTestsChecksumIsCrc32c() {
        // the check value of CRC-32C (Castagnoli) for "123456789"; the mask by hand
        assertThat(crc32c("123456789".getBytes(StandardCharsets.US_ASCII))).isEqualTo(0xe3069283);
        assertThat(Integer.toUnsignedString(masked("123456789".getBytes(StandardCharsets.US_ASCII)), 16))
                .isEqualTo("c78ab0e5");
    }

    private static int crc32c(byte[] data) {
        int crc = ~0;
        for (byte each : data) {
            crc ^= each & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) == 0 ? crc >>> 1 : crc >>> 1 ^ 0x82f63b78;
            }
        }
        return ~crc;
    }

    private static int masked(byte[] data) {
        int crc = crc32c(data);
        return (crc >>> 15 | crc << 17) + 0xa282ead8;
    }

    private static long step(byte[] event) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(event);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (WireFormat.getTagFieldNumber(tag) == 2) {
                return in.readInt64();
            }
            in.skipField(tag);
        }
        return 0;
    }
}
