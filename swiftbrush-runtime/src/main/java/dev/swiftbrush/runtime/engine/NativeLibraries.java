package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.runtime.session.ComputeDevice;
import dev.swiftbrush.runtime.text.PromptTokenizer;

/**
 * Loads the native libraries on a thread that nobody interrupts: they are unpacked into files, which an interrupted thread
 * cannot write, and a class that failed to load once is lost to the JVM for good.
 */
final class NativeLibraries {
    private NativeLibraries() {}

    /** Returns when both are loaded or have failed; a failure is told by whoever needs the library. */
    static void load() {
        Thread loading = new Thread(
                () -> {
                    ComputeDevice.load();
                    PromptTokenizer.load();
                },
                "swiftbrush-loading");
        loading.setDaemon(true);
        loading.start();
        boolean interrupted = false;
        while (true) {
            try {
                loading.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
