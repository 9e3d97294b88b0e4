package dev.swiftbrush.runtime.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One cache, more than one process. */
@Timeout(60)
class HubProcessesTest {
    private static final String UNET = "unet/diffusion_pytorch_model.safetensors";

    @TempDir
    Path cache;

    private final HubServer server = HubTest.model(new HubServer("owner/name"));
    private final CountDownLatch sent = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    @AfterEach
    void stop() {
        goOn.countDown();
        server.close();
    }

    /** Sends 30,000 of 50,000 bytes, and the rest when {@link #goOn} says so. */
    private void sendUnetInTwoParts() {
        server.fault(UNET, (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, 30_000);
            exchange.getResponseBody().flush();
            sent.countDown();
            goOn.await();
            exchange.getResponseBody().write(content, 30_000, 20_000);
        });
    }

    private Path unfinished() {
        return cache.resolve("models--owner--name/blobs").resolve(server.hash(UNET) + ".swiftbrush.incomplete");
    }

    private Hub.Snapshot open() {
        return new Hub(server.settings(cache), List.of()).open("owner/name", null, false, (model, onnx) -> {});
    }

    @Test
    void twoProcessesAtOnceDownloadEachFileOnce() throws Exception {
        sendUnetInTwoParts();
        Process first = Download.start(server, cache);
        sent.await();
        Process second = Download.start(server, cache);
        try (BufferedReader log = second.inputReader()) {
            String line = log.readLine();
            while (!line.contains("Waiting for another download of the same file")) {
                line = log.readLine();
            }
            goOn.countDown();
            assertThat(second.waitFor()).isZero();
        }

        assertThat(first.waitFor()).isZero();

        assertThat(server.weightsSent()).hasSize(3);
        assertThat(open().folder().resolve(UNET)).hasBinaryContent(server.files.get(UNET));
    }

    @Test
    void aKilledProcessLeavesWhatHasArrived() throws Exception {
        sendUnetInTwoParts();
        Process killed = Download.start(server, cache);
        sent.await();
        while (!Files.exists(unfinished()) || Files.size(unfinished()) < 30_000) {
            Thread.sleep(10);
        }
        killed.destroyForcibly().waitFor();
        server.storageRequests.clear();

        assertThat(open().folder().resolve(UNET)).hasBinaryContent(server.files.get(UNET));

        assertThat(server.storageRequests.stream().map(HubServer.Request::range))
                .contains("bytes=30000-");
        assertThat(unfinished()).doesNotExist();
    }
}
