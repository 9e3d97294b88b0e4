package dev.swiftbrush.runtime.hub;

/**
 * A file of a model on a hub. Immutable and thread-safe.
 *
 * @param path within the model, with slashes
 * @param bytes its size
 * @param hash what it must hold
 */
record RepoFile(String path, long bytes, ContentHash hash) {}
