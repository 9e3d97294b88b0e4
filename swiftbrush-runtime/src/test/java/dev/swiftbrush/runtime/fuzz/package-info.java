/** Damaged files and odd prompts, by the thousand: each is read or refused with the right exception, in bounded memory. */
package dev.swiftbrush.runtime.fuzz;
