package dev.swiftbrush.runtime.engine;

import dev.swiftbrush.ImageSize;
import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.pipeline.Networks;
import dev.swiftbrush.runtime.session.ComputeDevice;

/** A model as one device runs it. Thread-safe. */
interface OnDevice {

    /**
     * Opens the networks.
     *
     * @throws ModelException if the model's files are not those any more that were read
     */
    Networks open();

    /**
     * The same model over 8-bit integers, calibrated now if that was not done before; itself if it came so.
     *
     * @throws ModelException if its pictures would be worse than they may be
     */
    default OnDevice quantized(CalibrationInputs inputs) {
        return this;
    }

    /** Memory of the weights. */
    long weightBytes();

    /** Memory that one network call takes beside the weights. */
    long workingBytes(ImageSize size, int batch);

    ComputeDevice device();

    /** The name of the number format that the networks compute in. */
    String precision();
}
