/** What one sees of a training run: metrics, sample grids, a progress bar and a report. */
@NullMarked
package dev.swiftbrush.train.report;

import org.jspecify.annotations.NullMarked;
