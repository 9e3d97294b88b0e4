package dev.swiftbrush;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * Reads a PNG's chunks strictly, apart from ImageIO that wrote them.
 *
 * @param types chunk types in the file's order
 * @param texts keyword and text of the iTXt chunks in the file's order
 * @see <a href="https://www.w3.org/TR/png-3/">PNG specification</a>, sections 5 and 11.3.3.4
 */
record PngChunks(List<String> types, Map<String, String> texts) {

    private static final long SIGNATURE = 0x89504E470D0A1A0AL;

    static PngChunks of(Path file) {
        try {
            return of(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static PngChunks of(byte[] png) {
        ByteBuffer in = ByteBuffer.wrap(png);
        require(in.getLong() == SIGNATURE, "signature");
        PngChunks chunks = new PngChunks(new ArrayList<>(), new LinkedHashMap<>());
        while (in.hasRemaining()) {
            byte[] data = new byte[in.getInt()];
            byte[] type = new byte[4];
            in.get(type).get(data);
            CRC32 crc = new CRC32();
            crc.update(type);
            crc.update(data);
            require((int) crc.getValue() == in.getInt(), "CRC");
            chunks.add(new String(type, US_ASCII), data);
        }
        return chunks;
    }

    private void add(String type, byte[] data) {
        types.add(type);
        if (type.equals("iTXt")) {
            int keywordEnd = indexOfZero(data, 0);
            int flags = keywordEnd + 1;
            require(data[flags] == 0 && data[flags + 1] == 0, "compression flag and method");
            int languageEnd = indexOfZero(data, flags + 2);
            int translatedEnd = indexOfZero(data, languageEnd + 1);
            String keyword = new String(data, 0, keywordEnd, ISO_8859_1);
            require(texts.put(keyword, utf8(data, translatedEnd + 1)) == null, "keyword once");
        }
    }

    private static int indexOfZero(byte[] data, int from) {
        int at = from;
        while (data[at] != 0) {
            at++;
        }
        return at;
    }

    private static String utf8(byte[] data, int from) {
        try {
            String text = UTF_8.newDecoder()
                    .decode(ByteBuffer.wrap(data, from, data.length - from))
                    .toString();
            require(text.indexOf('\0') < 0, "no zero in text");
            return text;
        } catch (CharacterCodingException e) {
            throw new AssertionError("text is not UTF-8", e);
        }
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("bad PNG: " + what);
        }
    }
}
