package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;

/**
 * Where a model runs. Immutable and thread-safe.
 *
 * <p>Written as {@code auto}, {@code cuda:0}, {@code cpu} or {@code cpu with 2 threads}.
 */
public sealed interface Device permits Device.Auto, Device.Cuda, Device.Cpu {

    /** Returns the choice of the first CUDA device if it truly works, and of the CPU otherwise. */
    static Device auto() {
        return new Auto();
    }

    /**
     * Returns one CUDA device; that it cannot be had shows when a model is opened on it.
     *
     * @param index the device's number as CUDA counts, from 0
     * @throws IllegalArgumentException if {@code index} is negative
     */
    static Device cuda(int index) {
        return new Cuda(index);
    }

    /** Returns the CPU with one thread for each physical core. */
    static Device cpu() {
        return new Cpu(0);
    }

    /**
     * Returns the CPU with this many threads for one image.
     *
     * @throws IllegalArgumentException if {@code threads} is not from 1 to 1024
     */
    static Device cpu(int threads) {
        requireArgument(threads >= 1, "threads must be positive, but was %d; cpu() takes one for each core", threads);
        return new Cpu(threads);
    }

    /** The first CUDA device if it truly works, and the CPU otherwise. */
    record Auto() implements Device {
        @Override
        public String toString() {
            return "auto";
        }
    }

    /**
     * One CUDA device.
     *
     * @param index the device's number as CUDA counts, from 0
     */
    record Cuda(int index) implements Device {
        /**
         * @throws IllegalArgumentException if {@code index} is negative
         */
        public Cuda {
            requireArgument(index >= 0, "CUDA device index must not be negative, but was %d", index);
        }

        @Override
        public String toString() {
            return "cuda:" + index;
        }
    }

    /**
     * The CPU.
     *
     * @param threads threads for one image, at most 1024; 0 stands for one for each physical core
     */
    record Cpu(int threads) implements Device {
        private static final int LIMIT = 1024;

        /**
         * @throws IllegalArgumentException if {@code threads} is not from 0 to 1024
         */
        public Cpu {
            requireArgument(threads >= 0, "threads must not be negative, but was %d", threads);
            requireArgument(threads <= LIMIT, "threads must be at most %d, but was %d", LIMIT, threads);
        }

        @Override
        public String toString() {
            return switch (threads) {
                case 0 -> "cpu";
                case 1 -> "cpu with 1 thread";
                default -> "cpu with " + threads + " threads";
            };
        }
    }
}
