/** What becomes of requests, for dashboards and alarms: SwiftBrush's events and statistics as Micrometer's meters. */
@NullMarked
package dev.swiftbrush.examples.micrometer;

import org.jspecify.annotations.NullMarked;
