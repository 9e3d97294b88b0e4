package dev.swiftbrush.runtime.network;

import dev.swiftbrush.runtime.weights.StoredTensor;
import java.util.Map;

/**
 * A network of an original checkpoint, brought to the names of diffusers.
 *
 * @param config read off the shapes of its weights
 * @param tensors by diffusers' names, where they lie in the original file
 */
record LdmNetwork<C>(C config, Map<String, StoredTensor> tensors) {}
