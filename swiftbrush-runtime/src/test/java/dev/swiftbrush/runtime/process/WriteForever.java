package dev.swiftbrush.runtime.process;

import dev.swiftbrush.runtime.weights.AtomicFile;
import java.nio.file.Path;
import java.util.Arrays;

/** Writes ten files over and over until it is killed, each of one byte value and of a size that depends on it. */
public final class WriteForever {
    private WriteForever() {}

    public static void main(String[] arguments) {
        Path folder = Path.of(arguments[0]);
        for (int i = 0; ; i++) {
            byte[] content = new byte[sizeOf(i % 256)];
            Arrays.fill(content, (byte) i);
            AtomicFile.write(folder.resolve("file" + i % 10), content);
        }
    }

    static boolean isWhole(byte[] content) {
        if (content.length == 0 || content.length != sizeOf(content[0] & 0xFF)) {
            return false;
        }
        for (byte each : content) {
            if (each != content[0]) {
                return false;
            }
        }
        return true;
    }

    private static int sizeOf(int value) {
        return 100_000 + value * 5_000;
    }
}
