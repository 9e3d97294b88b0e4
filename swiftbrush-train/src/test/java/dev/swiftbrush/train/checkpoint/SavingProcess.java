package dev.swiftbrush.train.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Saves one checkpoint after the other until it is killed; started as a process of its own. */
final class SavingProcess {
    private SavingProcess() {}

    public static void main(String[] arguments) {
        try (CheckpointFolder checkpoints = CheckpointFolder.open(Path.of(arguments[0]), 2)) {
            long step = checkpoints.latest().map(CheckpointFolder.Saved::step).orElse(0L);
            while (true) {
                step++;
                byte[] content = new byte[100_000];
                Arrays.fill(content, (byte) step);
                checkpoints.save(step, folder -> {
                    for (String name : new String[] {"student", "lora", "adam"}) {
                        Files.write(folder.resolve(name), content);
                    }
                });
            }
        }
    }
}
