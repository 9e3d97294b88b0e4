package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.Timings;

/** An image as it leaves the generator: row by row, three bytes a pixel. */
public record Picture(byte[] rgb, Timings timings) {}
