package dev.swiftbrush.train.trainer;

import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.train.torch.TorchDevice;

/**
 * How a step is computed, which does not change what is learned but for rounding.
 *
 * @param compute the type that networks compute in
 * @param recomputes whether blocks are run again in the backward pass instead of being kept
 * @param averageOnCpu whether averages of weights lie in the CPU's memory
 */
public record Means(TorchDevice device, DType compute, boolean recomputes, boolean averageOnCpu) {

    /** Where averages lie. */
    TorchDevice averageDevice() {
        return averageOnCpu ? TorchDevice.cpu() : device;
    }
}
