package dev.swiftbrush.runtime.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Makes damaged files of sound ones: bits and ranges changed, numbers made extreme, pieces of JSON put in. Use from one thread. */
final class Mutator {
    private static final List<byte[]> PIECES = pieces(
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "null",
            "true",
            "false",
            "{}",
            "[]",
            "\"\"",
            "-",
            "0",
            "1e999",
            "-Infinity",
            "NaN",
            "\u0000",
            "\n",
            " ",
            "\\ud800",
            "\\u0000",
            "\ufeff",
            "../",
            "..\\",
            "/",
            "C:",
            "%s%n",
            "\"a\":1,",
            "\"dtype\":\"F64\"",
            "\"shape\":[9999999999]",
            "\"data_offsets\":[0,0]",
            "\"__metadata__\":{",
            "\"weight_map\":{",
            "\"_class_name\":\"X\",",
            "\"added_tokens\":[",
            "\"</w>\"",
            "<|endoftext|>",
            "\ud83d\ude00",
            "[".repeat(2_000),
            "{\"a\":".repeat(2_000),
            "9".repeat(2_000),
            "x".repeat(20_000));

    private static final List<byte[]> NUMBERS = pieces(
            "0",
            "-0",
            "-1",
            "1",
            "3",
            "7",
            "255",
            "65536",
            "2147483647",
            "2147483648",
            "4294967296",
            "-2147483648",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "18446744073709551616",
            "1e309",
            "0.5",
            "1e-400",
            "1" + "0".repeat(70));

    private final Random random;

    Mutator(Random random) {
        this.random = random;
    }

    private static List<byte[]> pieces(String... texts) {
        return Arrays.stream(texts).map(text -> text.getBytes(UTF_8)).toList();
    }

    /** {@code sound} with one change, or up to four. */
    byte[] damaged(byte[] sound) {
        byte[] bytes = sound;
        for (int left = 1 + random.nextInt(1 + random.nextInt(4)); left > 0; left--) {
            bytes = change(bytes);
        }
        return bytes;
    }

    private byte[] change(byte[] bytes) {
        int at = random.nextInt(bytes.length + 1);
        int end = Math.min(bytes.length, at + 1 + random.nextInt(random.nextInt(8) == 0 ? 4_000 : 24));
        byte[] range = Arrays.copyOfRange(bytes, at, end);
        return switch (random.nextInt(9)) {
            case 0 -> replaced(bytes, at, Math.min(bytes.length, at + 1), new byte[] {(byte) random.nextInt(256)});
            case 1 -> replaced(bytes, at, end, new byte[0]);
            case 2 -> replaced(bytes, at, at, range);
            case 3 -> {
                int target = random.nextInt(bytes.length + 1);
                yield replaced(bytes, target, Math.min(bytes.length, target + range.length), range);
            }
            case 4, 5 -> replaced(bytes, at, at, oneOf(PIECES));
            case 6, 7 -> anotherNumber(bytes, at);
            default -> random.nextInt(4) == 0 ? Arrays.copyOf(bytes, at) : replaced(bytes, at, end, oneOf(PIECES));
        };
    }

    /** The first number at or behind {@code from}, replaced. */
    private byte[] anotherNumber(byte[] bytes, int from) {
        int begin = from;
        while (begin < bytes.length && !isDigit(bytes[begin])) {
            begin++;
        }
        int end = begin;
        while (end < bytes.length && isDigit(bytes[end])) {
            end++;
        }
        return replaced(bytes, begin, end, oneOf(NUMBERS));
    }

    private static boolean isDigit(byte each) {
        return each >= '0' && each <= '9';
    }

    private byte[] oneOf(List<byte[]> pieces) {
        return pieces.get(random.nextInt(pieces.size()));
    }

    private static byte[] replaced(byte[] bytes, int begin, int end, byte[] by) {
        byte[] result = new byte[bytes.length - (end - begin) + by.length];
        System.arraycopy(bytes, 0, result, 0, begin);
        System.arraycopy(by, 0, result, begin, by.length);
        System.arraycopy(bytes, end, result, begin + by.length, bytes.length - end);
        return result;
    }

    /** Text of up to {@code longest} characters from every corner of Unicode, half surrogate pairs among them. */
    String prompt(int longest) {
        List<String> words = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(1 + random.nextInt(longest));
        while (text.length() < length) {
            switch (random.nextInt(10)) {
                case 0 -> text.appendCodePoint(random.nextInt(Character.MAX_CODE_POINT + 1));
                case 1 -> text.append((char) random.nextInt(0x300));
                case 2 -> text.appendCodePoint(0x1F300 + random.nextInt(0x400));
                case 3 -> text.append((char) (0x300 + random.nextInt(0x70))); // combining
                case 4 -> text.append(" \t\n\r\u00a0\u2028\u3000".charAt(random.nextInt(7)));
                case 5 ->
                    text.append(List.of("<|endoftext|>", "<|startoftext|>", "!", "'s", "</w>", "\u0000", "İ", "ﬃ")
                            .get(random.nextInt(8)));
                case 6 -> words.forEach(text::append);
                default -> {
                    String word = "a photo of the cat in 1234 %s".substring(random.nextInt(20));
                    words.add(word);
                    text.append(word);
                }
            }
            if (words.size() > 4) {
                words.clear();
            }
        }
        return text.substring(0, Math.min(length, text.length()));
    }
}
