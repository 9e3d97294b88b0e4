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

    private NativeTokenizer(long handle) {
        this.handle = handle;
    }

    /**
     * Reads a {@code tokenizer.json}.
     *
     * @param source what messages call it
     * @throws ModelException if the library refuses it, or there is none for this platform
     */
    static NativeTokenizer open(String source, String json) {
        load();
        try {
            return new NativeTokenizer(TokenizersLibrary.LIB.createTokenizerFromString(json));
        } catch (RuntimeException e) { // the only type that the native library throws
            throw new ModelException("%s cannot be built: %s".formatted(source, e.getMessage()), e);
        }
    }

    /**
     * The tokens of a text, and which of them are not in it but put around it.
     *
     * @param added 1 for those
     */
    record Encoded(long[] ids, long[] added) {

        /** How many were put behind the text. */
        int addedBehind() {
            int behind = 0;
            while (behind < added.length && added[added.length - 1 - behind] == 1) {
                behind++;
            }
            return behind;
        }
    }

    /** The ids of {@code text}, which has no lone surrogate, without what the tokenizer puts around it. */
    long[] words(String text) {
        return encode(text, false, TokenizersLibrary.LIB::getTokenIds);
    }

    /** The tokens of {@code text}, which has no lone surrogate, with what the tokenizer puts around it. */
    Encoded encode(String text) {
        return encode(
                text,
                true,
                encoding -> new Encoded(
                        TokenizersLibrary.LIB.getTokenIds(encoding),
                        TokenizersLibrary.LIB.getSpecialTokenMask(encoding)));
    }

    /** How many code points of {@code text} come before the token at {@code index}. */
    int codePointsBefore(String text, int index, boolean withAdded) {
        return encode(text, withAdded, encoding -> TokenizersLibrary.LIB.getTokenCharSpans(encoding)[index].getStart());
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

    private <T> T encode(String text, boolean withAdded, LongFunction<T> result) {
        Lock reading = lock.readLock();
        reading.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the tokenizer is closed");
            }
            return read(text, withAdded, result);
        } catch (IllegalStateException e) {
            throw e;
        } catch (RuntimeException e) { // the only type that the native library throws
            throw new ModelException("the prompt cannot be tokenized: " + e.getMessage(), e);
        } finally {
            reading.unlock();
        }
    }

    private <T> T read(String text, boolean withAdded, LongFunction<T> result) {
        long encoding = TokenizersLibrary.LIB.encode(handle, text, withAdded);
        try {
            return result.apply(encoding);
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
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
