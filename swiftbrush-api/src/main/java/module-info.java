/** What an application sees of SwiftBrush, and the interface through which it finds an engine. */
module dev.swiftbrush.api {
    requires transitive java.desktop; // BufferedImage
    requires static transitive org.jspecify;

    exports dev.swiftbrush;
    exports dev.swiftbrush.spi;

    uses dev.swiftbrush.spi.EngineProvider;
}
