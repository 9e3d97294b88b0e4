/** Tests that need a JVM of their own: to be killed, to lack a library, or to have its memory measured. */
package dev.swiftbrush.runtime.process;
