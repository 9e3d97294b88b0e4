package dev.swiftbrush.runtime.text;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import ai.djl.util.Utils;
import dev.swiftbrush.ModelException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongFunction;

/**
 * A tokenizer of Hugging Face's tokenizers library, through DJL's JNI binding. Thread-safe: the library encodes on many
 * threads at once, and a lock keeps {@link #close} from freeing what an encoding still reads.
 *
 * <p>DJL's own {@code HuggingFaceTokenizer} is passed by: it has no such lock, it copies out seven arrays a prompt where
 * one is wanted, and on an EC2 instance it reports the instance's id to its makers.
 */
final class NativeTokenizer implements AutoCloseable {

    /** How DJL is told which native library to take. */
    private static final String FLAVOR = "RUST_FLAVOR";

    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final long handle;
    private boolean closed;

    /**
     * Reads a {@code tokenizer.json}.
     *
     * @throws ModelException if there is no native library for this platform
     * @throws RuntimeException as the library throws it if it refuses {@code json}
     */
    NativeTokenizer(String json) {
        load();
        handle = TokenizersLibrary.LIB.createTokenizerFromString(json);
    }

    /** The ids of {@code text}, which has no lone surrogate, without start and end token. */
    long[] ids(String text) {
        return encode(text, TokenizersLibrary.LIB::getTokenIds);
    }

    /** How many code points of {@code text} come before the token at {@code index}. */
    int codePointsBefore(String text, int index) {
        return encode(text, encoding -> TokenizersLibrary.LIB.getTokenCharSpans(encoding)[index].getStart());
    }

    @Override
    public void close() {
        Lock writing = lock.writeLock();
        writing.lock();
        try {
            if (!closed) {
                closed = true;
                TokenizersLibrary.LIB.deleteTokenizer(handle);
            }
        } finally {
            writing.unlock();
        }
    }

    private <T> T encode(String text, LongFunction<T> result) {
        Lock reading = lock.readLock();
        reading.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the tokenizer is closed");
            }
            long encoding = TokenizersLibrary.LIB.encode(handle, text, false);
            try {
                return result.apply(encoding);
            } finally {
                TokenizersLibrary.LIB.deleteEncoding(encoding);
            }
        } finally {
            reading.unlock();
        }
    }

    /** The deepest cause, which says what is the matter; those above it are how DJL came upon it. */
    private static Throwable reason(Throwable e) {
        Throwable reason = e;
        while (reason.getCause() != null) {
            reason = reason.getCause();
        }
        return reason;
    }

    /** Beside a GPU, DJL would download a CUDA build of the library; the one in its jar serves. */
    static synchronized void load() {
        String chosen = System.getProperty(FLAVOR);
        try {
            if (chosen == null) {
                System.setProperty(FLAVOR, "cpu");
            }
            LibUtils.checkStatus();
        } catch (EngineException | LinkageError e) {
            throw new ModelException(
                    "The native library of ai.djl.huggingface:tokenizers cannot be loaded on %s %s: %s; it is unpacked into %s, which must be writable and allow execution, so name another folder with DJL_CACHE_DIR, and on JDK 24 and newer start with --enable-native-access=ALL-UNNAMED"
                            .formatted(
                                    System.getProperty("os.name"),
                                    System.getProperty("os.arch"),
                                    reason(e),
                                    Utils.getEngineCacheDir("tokenizers")),
                    e);
        } finally {
            if (chosen == null) {
                System.clearProperty(FLAVOR);
            }
        }
    }
}
