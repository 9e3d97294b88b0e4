package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.train.files.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * Installs the packages of the committed {@code package-lock.json}: npm refuses one whose SHA-512 differs.
 *
 * @param command how npm is called
 */
record Npm(String command) {
    private static final List<String> LISTS = List.of("package.json", "package-lock.json");

    /** @return the folder of the packages */
    Path install(Path folder) {
        try {
            Files.createDirectories(folder);
            for (String list : LISTS) {
                try (InputStream in = Npm.class.getResourceAsStream("npm/" + list)) {
                    if (in == null) {
                        throw new IllegalStateException("npm/%s is missing from the class path".formatted(list));
                    }
                    Files.copy(in, folder.resolve(list), StandardCopyOption.REPLACE_EXISTING);
                }
            }
        } catch (IOException e) {
            throw StorageException.cannotWrite(folder, e);
        }
        int exit = run(folder);
        if (exit != 0) {
            throw new StorageException(
                    "%s ended with exit code %d; its messages are above, and it can be run by hand: npm ci in %s"
                            .formatted(command, exit, folder));
        }
        return folder.resolve("node_modules");
    }

    private int run(Path folder) {
        try {
            return new ProcessBuilder(command, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
                    .directory(folder.toFile())
                    .inheritIO()
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new StorageException(
                    "%s cannot be started; install Node.js, which brings it, or give --packages a node_modules folder with the packages of %s"
                            .formatted(command, folder.resolve(LISTS.get(0))),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StorageException("interrupted while %s was installing packages".formatted(command), e);
        }
    }
}
