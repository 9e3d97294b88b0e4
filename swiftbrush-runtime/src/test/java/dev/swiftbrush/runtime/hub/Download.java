package dev.swiftbrush.runtime.hub;

import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/** A program that downloads a model: for tests that need another process. */
final class Download {
    private Download() {}

    /** @param args the hub's address, the cache, and the model */
    public static void main(String[] args) {
        HubSettings settings = new HubSettings(
                URI.create(args[0]), Path.of(args[1]), false, null, ProxySelector.of(null), HubServer.HASTE);
        new Hub(settings, List.of()).open(args[2], null, false, (model, onnx) -> {});
    }

    static Process start(HubServer server, Path cache) throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return new ProcessBuilder(
                        java,
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Download.class.getName(),
                        server.endpoint().toString(),
                        cache.toString(),
                        server.id)
                .redirectErrorStream(true)
                .start();
    }
}
