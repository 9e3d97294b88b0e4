package dev.swiftbrush.runtime.hub;

import static dev.swiftbrush.runtime.hub.HubServer.COMMIT;
import static dev.swiftbrush.runtime.hub.HubServer.damaged;
import static dev.swiftbrush.runtime.hub.HubServer.dropped;
import static dev.swiftbrush.runtime.hub.HubServer.status;
import static dev.swiftbrush.runtime.hub.HubServer.truncated;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.DownloadException;
import dev.swiftbrush.DownloadListener;
import dev.swiftbrush.DownloadProgress;
import dev.swiftbrush.ModelException;
import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A model's way from a hub into the cache, and what may go wrong on it. */
@Timeout(60)
class HubTest {
    private static final String ID = "owner/name";
    private static final String UNET = "unet/diffusion_pytorch_model.safetensors";
    private static final String UNET_FP16 = "unet/diffusion_pytorch_model.fp16.safetensors";
    private static final String UNET_INDEX = "unet/diffusion_pytorch_model.safetensors.index.json";
    private static final String VAE = "vae/diffusion_pytorch_model.safetensors";
    private static final String TEXT = "text_encoder/model.safetensors";

    @TempDir
    Path folder;

    private Path cache;
    private HubServer server;

    @BeforeEach
    void serveAModel() {
        cache = folder.resolve("cache");
        server = model(new HubServer(ID));
    }

    /** What a hub looks at: names. The content of the files is another matter. */
    static HubServer model(HubServer server) {
        return server.with("model_index.json", "{\"_class_name\": \"StableDiffusionPipeline\"}")
                .with("README.md", "---\nlicense: mit\n---\n")
                .with("scheduler/scheduler_config.json", "{}")
                .with("tokenizer/vocab.json", "{\"a\": 0}")
                .with("tokenizer/merges.txt", "#version: 0.2")
                .with("text_encoder/config.json", "{\"of\": \"text_encoder\"}")
                .with("unet/config.json", "{\"of\": \"unet\"}")
                .with("vae/config.json", "{\"of\": \"vae\"}")
                .with(TEXT, weights(1))
                .with(UNET, weights(2))
                .with(VAE, weights(3))
                .with("unet/diffusion_pytorch_model.bin", weights(4))
                .with("safety_checker/model.safetensors", weights(5))
                .with(".gitattributes", "*.bin filter=lfs")
                .with("sd.safetensors", weights(6));
    }

    private static byte[] weights(int seed) {
        byte[] content = new byte[50_000];
        new Random(seed).nextBytes(content);
        return content;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Hub.Snapshot open() {
        return open(server.settings(cache), null);
    }

    private static Hub.Snapshot open(HubSettings settings, @Nullable String revision) {
        return new Hub(settings, List.of()).open(ID, revision, false, (model, onnx) -> {});
    }

    private void assertRefused(Class<? extends Exception> type, String message, Object... args) {
        assertThatThrownBy(this::open).isInstanceOf(type).hasMessage(message, args);
    }

    private List<String> inCache(String... below) throws IOException {
        Path start = cache.resolve("models--owner--name");
        for (String name : below) {
            start = start.resolve(name);
        }
        Path from = start;
        if (!Files.exists(from)) {
            return List.of();
        }
        try (Stream<Path> walk = Files.walk(from)) {
            return walk.filter(Files::isRegularFile)
                    .map(file -> from.relativize(file).toString().replace('\\', '/'))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void takesWhatIsNeededIntoTheCachesOwnLayout() throws IOException {
        Hub.Snapshot snapshot = open();

        assertThat(snapshot.commit()).isEqualTo(COMMIT);
        assertThat(snapshot.folder()).isEqualTo(cache.resolve("models--owner--name/snapshots/" + COMMIT));
        assertThat(inCache("snapshots", COMMIT))
                .containsExactly(
                        "README.md",
                        "model_index.json",
                        "scheduler/scheduler_config.json",
                        "text_encoder/config.json",
                        TEXT,
                        "tokenizer/merges.txt",
                        "tokenizer/vocab.json",
                        "unet/config.json",
                        UNET,
                        "vae/config.json",
                        VAE);
        for (String path : inCache("snapshots", COMMIT)) {
            Path file = snapshot.folder().resolve(path);
            String up = path.contains("/") ? "../../../" : "../../";
            assertThat(Files.readSymbolicLink(file)).hasToString(up + "blobs/" + server.hash(path));
            assertThat(file).hasBinaryContent(server.files.get(path));
        }
        assertThat(inCache("blobs")).hasSize(11).noneMatch(name -> name.endsWith("incomplete"));
        // without a line feed, as Python reads it
        assertThat(cache.resolve("models--owner--name/refs/main")).hasBinaryContent(COMMIT.getBytes(UTF_8));
        assertThat(server.weightsSent()).containsExactlyInAnyOrder(TEXT, UNET, VAE);
        assertThat(server.hubRequests.get(0).path()).isEqualTo("/api/models/owner/name/revision/main");
    }

    @Test
    void asksNothingOfTheHubForWhatIsInTheCache() {
        Hub.Snapshot first = open();
        int asked = server.hubRequests.size();

        assertThat(open()).isEqualTo(first);
        assertThat(open(server.settings(cache), COMMIT)).isEqualTo(first);
        assertThat(server.hubRequests).hasSize(asked);
        server.close();
        assertThat(open()).isEqualTo(first);
        assertThat(open(offline(), null)).isEqualTo(first);
    }

    private HubSettings offline() {
        return new HubSettings(server.endpoint(), cache, true, null, ProxySelector.of(null), HubServer.HASTE);
    }

    @Test
    void saysThatWhatIsNotThereMayNotBeDownloaded() throws IOException {
        String message =
                "owner/name@v1 is not, or not whole, in the hub's cache %s, and HF_HUB_OFFLINE forbids to download it; unset that, or set HF_HUB_CACHE to where it is"
                        .formatted(cache);
        assertThatThrownBy(() -> open(offline(), "v1"))
                .isInstanceOf(DownloadException.class)
                .hasMessage(message);

        Path snapshot = open(server.settings(cache), "v1").folder();
        Files.delete(snapshot.resolve(UNET));
        assertThatThrownBy(() -> open(offline(), "v1"))
                .isInstanceOf(DownloadException.class)
                .hasMessage(message);
        assertThat(server.hubRequests).isNotEmpty();
    }

    @Test
    void takesABranchWithASlash() throws IOException {
        open(server.settings(cache), "refs/pr/1");

        assertThat(server.hubRequests.get(0).path()).isEqualTo("/api/models/owner/name/revision/refs%2Fpr%2F1");
        assertThat(inCache("refs")).containsExactly("refs/pr/1");
    }

    @Test
    void takesOnlyWhatIsMissing() throws IOException {
        Path snapshot = open().folder();
        Files.delete(snapshot.resolve(VAE));
        Files.delete(cache.resolve("models--owner--name/blobs").resolve(server.hash(VAE)));
        Files.delete(snapshot.resolve(UNET)); // its blob stays
        server.storageRequests.clear();

        open();

        assertThat(server.weightsSent()).containsExactly(VAE);
        assertThat(snapshot.resolve(VAE)).hasBinaryContent(server.files.get(VAE));
        assertThat(snapshot.resolve(UNET)).hasBinaryContent(server.files.get(UNET));
    }

    /** As Python writes them where there are no symbolic links. */
    @Test
    void takesFilesThatAreNoLinks() throws IOException {
        shards("a.safetensors", "b.safetensors");
        server.with("unet/a.safetensors", weights(7)).with("unet/b.safetensors", weights(8));
        Path snapshot = open().folder();
        for (String path : inCache("snapshots", COMMIT)) {
            Path content = snapshot.resolve(path).toRealPath();
            Files.delete(snapshot.resolve(path));
            Files.move(content, snapshot.resolve(path));
        }
        server.storageRequests.clear();

        assertThat(open(offline(), null).folder()).isEqualTo(snapshot);
        Files.delete(snapshot.resolve("unet/b.safetensors"));
        open();

        assertThat(server.weightsSent()).containsExactly("unet/b.safetensors");
    }

    @Test
    void takesABlobOfTheWrongSizeForAbsent() throws IOException {
        Path blobs = Files.createDirectories(cache.resolve("models--owner--name/blobs"));
        Files.write(blobs.resolve(server.hash(VAE)), new byte[3]);

        assertThat(open().folder().resolve(VAE)).hasBinaryContent(server.files.get(VAE));
    }

    @Test
    void takesHalfPrecisionWhereItServes() {
        server.with(UNET_FP16, weights(7));

        new Hub(server.settings(cache), List.of()).open(ID, null, true, (model, onnx) -> {});

        assertThat(server.weightsSent()).containsExactlyInAnyOrder(TEXT, UNET_FP16, VAE);
    }

    @Test
    void takesFullPrecisionWhereThereAreBoth() {
        server.with(UNET_FP16, weights(7));

        open();

        assertThat(server.weightsSent()).containsExactlyInAnyOrder(TEXT, UNET, VAE);
    }

    @Test
    void takesWhateverPrecisionThereIs() {
        server.with(UNET_FP16, weights(7)).files.remove(UNET);

        open();
        open();

        assertThat(server.weightsSent()).containsExactlyInAnyOrder(TEXT, UNET_FP16, VAE);
    }

    @Test
    void takesTheShardsThatTheIndexNames() throws IOException {
        shards("a.safetensors", "b.safetensors");
        server.with("unet/a.safetensors", weights(7)).with("unet/b.safetensors", weights(8));

        Path snapshot = open().folder();

        assertThat(server.weightsSent())
                .containsExactlyInAnyOrder(TEXT, "unet/a.safetensors", "unet/b.safetensors", VAE);
        assertThat(snapshot.resolve(UNET_INDEX)).exists();
        Files.delete(snapshot.resolve("unet/b.safetensors"));
        assertThatThrownBy(() -> open(offline(), null)).isInstanceOf(DownloadException.class);
    }

    private void shards(String first, String second) {
        server.files.remove(UNET);
        server.with(UNET_INDEX, "{\"weight_map\": {\"x\": \"%s\", \"y\": \"%s\"}}".formatted(first, second));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../vae/config.safetensors", "/etc/a.safetensors", "a/b.safetensors", "a.bin"})
    void refusesShardsThatAreNotBesideTheirIndex(String shard) {
        shards("a.safetensors", shard);
        server.with("unet/a.safetensors", weights(7));

        assertThatThrownBy(this::open)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("weight_map must be a list of .safetensors files beside the index");
        assertThat(server.weightsSent()).isEmpty();
    }

    @Test
    void refusesAShardThatTheModelHasNot() {
        shards("a.safetensors", "b.safetensors");
        server.with("unet/a.safetensors", weights(7));

        assertRefused(
                ModelException.class,
                "owner/name: %s names the shard unet/b.safetensors, which the model has not",
                UNET_INDEX);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "a/../../x", "/etc/x", "a//x", "a/./x", "a\\\\..\\\\x", "C:x", "a\\nx", "", ".."})
    void refusesAListingWithAPathThatLeadsOutOfTheModel(String path) throws IOException {
        server.listing = server.listing().replace("\"README.md\"", '"' + path + '"');

        assertThatThrownBy(this::open)
                .isInstanceOf(DownloadException.class)
                .hasMessage(
                        "owner/name lists a file '%s', which leads out of the model or has no usable name; nothing of it is downloaded",
                        path.replace("\\n", "?").replace("\\\\", "\\"));
        assertThat(inCache()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0123", "../../x", "0123456789ABCDEF0123456789ABCDEF01234567"})
    void refusesACommitThatIsNone(String commit) {
        server.listing = server.listing().replace(COMMIT, commit);

        assertRefused(
                DownloadException.class,
                "The hub's answer cannot be used: owner/name on the hub: sha must be a commit, but was \"%s\"",
                commit);
    }

    @Test
    void refusesAnAnswerThatIsNoListing() {
        server.listing = "<html>Please sign in to this network</html>";

        assertThatThrownBy(this::open)
                .isInstanceOf(DownloadException.class)
                .hasMessageStartingWith("The hub's answer cannot be used: owner/name on the hub is not valid JSON: ");
    }

    @Test
    void refusesAnAnswerWithoutEnd() {
        byte[] chunk = new byte[1 << 20];
        server.fault("", (exchange, content) -> {
            exchange.sendResponseHeaders(200, 0);
            for (int i = 0; i < 100; i++) {
                exchange.getResponseBody().write(chunk);
            }
        });

        assertRefused(DownloadException.class, "The hub's answer has more than 33554432 bytes, which no model needs");
    }

    @Test
    void refusesASmallFileThatIsNotSmall() {
        int bytes = server.files.get("README.md").length;
        server.listing =
                server.listing().replace("\"README.md\", \"size\": " + bytes, "\"README.md\", \"size\": 70000000");

        assertRefused(ModelException.class, "README.md of owner/name has 70000000 bytes; at most 67108864 are read");
    }

    @Test
    void goesOnWhereTheConnectionBroke() {
        server.fault(UNET, dropped()).fault(UNET, truncated());

        assertThat(open().folder().resolve(UNET)).hasBinaryContent(server.files.get(UNET));

        // the first attempt gained 1000 bytes; the second was answered with the beginning again and began anew
        assertThat(ranges(UNET)).containsExactly(null, "bytes=1000-", "bytes=1000-");
    }

    private List<@Nullable String> ranges(String path) {
        return server.storageRequests.stream()
                .filter(request -> request.path().equals("/" + server.hash(path)))
                .map(HubServer.Request::range)
                .toList();
    }

    @Test
    void goesOnWhereAnEarlierProgramWasStopped() throws IOException {
        Path blobs = Files.createDirectories(cache.resolve("models--owner--name/blobs"));
        byte[] half = Arrays.copyOf(server.files.get(UNET), 25_000);
        Files.write(blobs.resolve(server.hash(UNET) + ".swiftbrush.incomplete"), half);

        assertThat(open().folder().resolve(UNET)).hasBinaryContent(server.files.get(UNET));

        assertThat(ranges(UNET)).containsExactly("bytes=25000-");
    }

    @Test
    void beginsAnewWhenWhatWasThereIsDamaged() throws IOException {
        Path blobs = Files.createDirectories(cache.resolve("models--owner--name/blobs"));
        Files.write(blobs.resolve(server.hash(UNET) + ".swiftbrush.incomplete"), new byte[25_000]);
        Files.write(blobs.resolve(server.hash(VAE) + ".swiftbrush.incomplete"), new byte[70_000]);
        Files.write(blobs.resolve(server.hash(TEXT) + ".swiftbrush.incomplete"), server.files.get(TEXT));

        Path snapshot = open().folder();

        for (String path : List.of(UNET, VAE, TEXT)) {
            assertThat(snapshot.resolve(path)).hasBinaryContent(server.files.get(path));
        }
        assertThat(ranges(UNET)).containsExactly("bytes=25000-", null);
        assertThat(ranges(VAE)).containsExactly((String) null);
        assertThat(ranges(TEXT)).isEmpty();
    }

    @Test
    void beginsAnewWhenTheRangeIsNotKept() {
        server.fault(UNET, dropped()).fault(UNET, (exchange, content) -> {
            exchange.getResponseHeaders().set("Content-Range", "bytes 5-9/50000");
            HubServer.write(exchange, 206, new byte[5]);
        });

        assertThat(open().folder().resolve(UNET)).hasBinaryContent(server.files.get(UNET));
    }

    @Test
    void beginsAnewWhenTheRangeIsRefused() {
        server.fault(UNET, dropped()).fault(UNET, status(416));

        assertThat(open().folder().resolve(UNET)).hasBinaryContent(server.files.get(UNET));

        assertThat(ranges(UNET)).containsExactly(null, "bytes=1000-", null);
    }

    @Test
    void downloadsAnewWhatHasTheWrongHash() {
        server.fault(UNET, damaged());
        server.fault("unet/config.json", damaged());

        Path snapshot = open().folder();

        assertThat(snapshot.resolve(UNET)).hasBinaryContent(server.files.get(UNET));
        assertThat(snapshot.resolve("unet/config.json")).hasBinaryContent(server.files.get("unet/config.json"));
    }

    @Test
    void refusesWhatHasTheWrongHashAgain() throws IOException {
        server.fault(UNET, damaged()).fault(UNET, damaged());

        assertThatThrownBy(this::open)
                .isInstanceOf(DownloadException.class)
                .hasMessageMatching(
                        "%s of owner/name arrived with the SHA-256 [0-9a-f]{64} twice, but the hub promises %s; something between here and the hub changes it, or the hub's copy is damaged"
                                .formatted(UNET, server.hash(UNET)));
        assertThat(inCache("blobs")).noneMatch(name -> name.startsWith(server.hash(UNET)));
        assertThat(inCache("snapshots", COMMIT)).doesNotContain(UNET, TEXT, VAE);
        assertThat(inCache("refs")).isEmpty();
    }

    @Test
    void refusesMoreThanWasPromised() {
        server.fault(UNET, (exchange, content) -> {
            exchange.sendResponseHeaders(200, 0);
            while (true) {
                exchange.getResponseBody().write(content);
            }
        });

        assertRefused(
                DownloadException.class, "%s of owner/name is longer than the 50000 bytes that the hub promised", UNET);
    }

    @Test
    void givesUpOnAFileThatAlwaysBreaksOffAtTheSamePlace() {
        for (int i = 0; i < 10; i++) {
            server.fault(UNET, dropped()); // never as the range asks
        }

        assertThatThrownBy(this::open)
                .isInstanceOf(DownloadException.class)
                .hasMessageStartingWith("%s of owner/name could not be got in 3 attempts: ", UNET);
        assertThat(ranges(UNET)).containsExactly(null, "bytes=1000-", "bytes=1000-");
    }

    @Test
    void triesAgainWhatMaySucceedLater() {
        server.fault("", status(503))
                .fault("", status(429, "Retry-After", "0"))
                .fault("model_index.json", status(500))
                .fault("hub:" + UNET, status(502))
                .fault(UNET, status(403)) // a signed address that has expired
                .fault(VAE, status(429, "Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"))
                .fault(VAE, status(408));

        Path snapshot = open().folder();

        assertThat(snapshot.resolve(UNET)).hasBinaryContent(server.files.get(UNET));
        assertThat(snapshot.resolve(VAE)).hasBinaryContent(server.files.get(VAE));
    }

    @Test
    void givesUpAfterSomeAttempts() {
        server.fault("", status(503)).fault("", status(504)).fault("", status(503));

        assertRefused(
                DownloadException.class,
                "The list of files of owner/name could not be got in 3 attempts: localhost answered 503; what has arrived is kept, so try again later");
        assertThat(server.hubRequests).hasSize(3);
    }

    @Test
    void givesUpOnAHubThatIsNotThere() {
        server.close();

        assertThatThrownBy(this::open)
                .isInstanceOf(DownloadException.class)
                .hasMessageMatching(
                        "The list of files of owner/name could not be got in 3 attempts: .*; what has arrived is kept, so try again later");
    }

    @Test
    void doesNotWaitForAnHour() {
        server.fault("", status(429, "RateLimit", "\"api\";r=0;t=3600"));

        assertRefused(
                DownloadException.class,
                "The hub asks to be left alone for 3600 seconds before it sends The list of files of owner/name; try again then, or set HF_TOKEN, since the hub allows its users more");
    }

    @Test
    void doesNotWaitForAHubThatIsSilent() {
        CountDownLatch end = new CountDownLatch(1);
        HubServer.Fault silent = (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, 20_000);
            exchange.getResponseBody().flush();
            end.await();
        };
        server.fault(UNET, silent).fault("model_index.json", (exchange, content) -> end.await());
        Patience brief = new Patience(Duration.ofSeconds(1), 3, Duration.ofMillis(1), Duration.ofMinutes(1));
        HubSettings settings = new HubSettings(server.endpoint(), cache, false, null, ProxySelector.of(null), brief);

        Path snapshot = open(settings, null).folder();
        end.countDown();

        assertThat(snapshot.resolve(UNET)).hasBinaryContent(server.files.get(UNET));
        assertThat(ranges(UNET)).containsExactly(null, "bytes=20000-");
    }

    @Test
    void waitsForAHubThatIsSlow() {
        server.fault(UNET, (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            for (int at = 0; at < content.length; at += 2000) {
                exchange.getResponseBody().write(content, at, 2000);
                exchange.getResponseBody().flush();
                Thread.sleep(50);
            }
        });
        Patience brief = new Patience(Duration.ofSeconds(1), 3, Duration.ofMillis(1), Duration.ofMinutes(1));
        HubSettings settings = new HubSettings(server.endpoint(), cache, false, null, ProxySelector.of(null), brief);

        assertThat(open(settings, null).folder().resolve(UNET)).hasBinaryContent(server.files.get(UNET));

        assertThat(ranges(UNET)).containsExactly((String) null);
    }

    private HubSettings withToken() {
        return new HubSettings(server.endpoint(), cache, false, "hf_secret", ProxySelector.of(null), HubServer.HASTE);
    }

    @Test
    void theTokenGoesToTheHubAndNotToTheStorage() {
        open(withToken(), null);

        assertThat(server.hubRequests)
                .hasSizeGreaterThan(11)
                .allMatch(asked -> "Bearer hf_secret".equals(asked.authorization()));
        assertThat(server.storageRequests).hasSize(3).allMatch(asked -> asked.authorization() == null);
    }

    @Test
    void theTokenDoesNotComeBackFromAnotherHost() {
        server.fault("", status(307, "Location", "/api/models/owner/name/revision/renamed"));
        server.fault("README.md", status(302, "Location", server.storage() + "/" + server.hash(UNET)));
        server.fault(
                UNET,
                status(
                        302,
                        "Location",
                        "http://127.0.0.1:" + server.endpoint().getPort() + "/owner/name/resolve/" + COMMIT
                                + "/README.md"));

        open(withToken(), null);

        // the same server by another name is not the hub
        assertThat(server.hubRequests.stream().filter(asked -> asked.authorization() == null))
                .singleElement()
                .matches(asked -> asked.path().endsWith("/README.md"));
        assertThat(server.hubRequests.get(1).authorization()).isEqualTo("Bearer hf_secret");
    }

    @Test
    void doesNotFollowRedirectsWithoutEnd() {
        for (int i = 0; i < 20; i++) {
            server.fault("", status(302, "Location", "/api/models/owner/name/revision/main"));
        }

        assertRefused(
                DownloadException.class,
                "%s sends from one address to another more than 10 times for owner/name",
                server.endpoint());
    }

    @Test
    void doesNotLeaveEncryption() {
        URI secure = URI.create("https://hub.example/a");

        assertThat(HubClient.target(secure, "https://cdn.example/b")).hasToString("https://cdn.example/b");
        assertThat(HubClient.target(secure, "/b?c=d")).hasToString("https://hub.example/b?c=d");
        for (String location :
                List.of("http://hub.example/a", "file:///etc/passwd", "ftp://a/b", "", "http:///", "%")) {
            assertThatThrownBy(() -> HubClient.target(secure, location))
                    .isInstanceOf(DownloadException.class)
                    .hasMessage(
                            "hub.example sends to an address that is not followed; it must be https, or http where the hub's is http too");
        }
    }

    @Test
    void saysWhereTermsAreToBeAccepted() {
        server.fault("", status(401, "X-Error-Code", "GatedRepo")).fault("", status(403, "X-Error-Code", "GatedRepo"));

        assertRefused(
                DownloadException.class,
                "owner/name is gated, and no token was sent; accept its terms at %s/owner/name, then set HF_TOKEN",
                server.endpoint());
        assertThatThrownBy(() -> open(withToken(), null))
                .isInstanceOf(DownloadException.class)
                .hasMessage(
                        "owner/name is gated, and the user of the token that was sent is not let in; accept its terms at %s/owner/name",
                        server.endpoint());
    }

    @Test
    void saysThatThereIsNoSuchModel() {
        server.fault("", status(401, "X-Error-Code", "RepoNotFound")).fault("", status(404));

        assertRefused(
                DownloadException.class,
                "owner/name is not on %s, or it is private; check the name, or, if it is private, set HF_TOKEN to a token of a user who may read it",
                server.endpoint());
        assertThatThrownBy(() -> open(withToken(), null))
                .isInstanceOf(DownloadException.class)
                .hasMessage(
                        "owner/name is not on %s, or it is private; check the name, or, if it is private, the token that was sent may not read it",
                        server.endpoint());
    }

    @Test
    void saysThatThereIsNoSuchRevision() {
        server.fault("", status(404, "X-Error-Code", "RevisionNotFound"));

        assertThatThrownBy(() -> open(server.settings(cache), "v9"))
                .isInstanceOf(DownloadException.class)
                .hasMessage(
                        "owner/name has no branch, tag or commit 'v9'; those it has are at %s/owner/name/tree/main",
                        server.endpoint());
    }

    @Test
    void saysThatThereIsNoSuchFile() {
        server.fault("hub:" + UNET, status(404, "X-Error-Code", "EntryNotFound"));

        assertRefused(DownloadException.class, "owner/name has no file %s", UNET);
    }

    @Test
    void saysWhatTheHubSays() {
        server.fault("", status(451, "X-Error-Message", "Not in your country"));

        assertRefused(
                DownloadException.class, "%s answered 451 for owner/name: Not in your country", server.endpoint());
    }

    @Test
    void saysHowMuchRoomIsNeededBeforeItBegins() {
        server.listing =
                server.listing().replaceAll("(" + server.hash(UNET) + "\", \"size\": )50000", "$11000000000000000000");

        assertThatThrownBy(this::open)
                .isInstanceOf(DownloadException.class)
                .hasMessageMatching(
                        "owner/name needs 1,000,000,000,001 MB more, but the disk of .*models--owner--name has [0-9,]+ MB free; free some, or set HF_HUB_CACHE to a folder on another disk");
        assertThat(server.weightsSent()).isEmpty();
    }

    @Test
    void saysThatTheCacheCannotBeWritten() throws IOException {
        Files.writeString(cache, "a file");

        assertThatThrownBy(this::open)
                .isInstanceOf(DownloadException.class)
                .hasMessageStartingWith("The hub's cache folder " + cache)
                .hasMessageEndingWith("; set HF_HUB_CACHE to one that can be written to");
    }

    @Test
    void aModelThatIsNotWantedCostsNoWeights() throws IOException {
        Hub.Check refuse = (model, onnx) -> {
            assertThat(model.resolve("README.md")).hasContent("---\nlicense: mit\n---\n");
            throw new ModelException("not this one");
        };

        assertThatThrownBy(() -> new Hub(server.settings(cache), List.of()).open(ID, null, false, refuse))
                .isInstanceOf(ModelException.class)
                .hasMessage("not this one");
        assertThat(server.weightsSent()).isEmpty();
        assertThat(inCache("refs")).isEmpty();
    }

    private static HubServer onnx(HubServer server) {
        return server.with("text_encoder/model.onnx", weights(11))
                .with("unet/model.onnx", weights(12))
                .with("unet/model.onnx_data", weights(13))
                .with("vae_decoder/model.onnx", weights(14))
                .with("vae_decoder/config.json", "{\"of\": \"vae_decoder\"}")
                .with("vae_decoder/weights.pb", weights(15))
                .with("vae_encoder/model.onnx", weights(16));
    }

    @Test
    void takesOnnxFilesAndTheirWeightsWhereThereAreNoOthers() throws IOException {
        List.of(UNET, TEXT, VAE, "vae/config.json").forEach(server.files::remove);
        onnx(server).with("unet/anything.bin", weights(17)).with("vae_decoder/model.pt", weights(18));
        boolean[] asked = new boolean[1];

        Hub.Snapshot snapshot = new Hub(server.settings(cache), List.of()).open(ID, null, false, (model, isOnnx) -> {
            asked[0] = isOnnx;
            assertThat(model.resolve("vae_decoder/config.json")).exists();
            assertThat(model.resolve("unet/model.onnx")).doesNotExist();
        });

        assertThat(asked[0]).isTrue();
        assertThat(inCache("snapshots", COMMIT))
                .containsExactly(
                        "README.md",
                        "model_index.json",
                        "scheduler/scheduler_config.json",
                        "text_encoder/config.json",
                        "text_encoder/model.onnx",
                        "tokenizer/merges.txt",
                        "tokenizer/vocab.json",
                        "unet/config.json",
                        "unet/model.onnx",
                        "unet/model.onnx_data",
                        "vae_decoder/config.json",
                        "vae_decoder/model.onnx",
                        "vae_decoder/weights.pb");
        int requests = server.hubRequests.size();
        assertThat(open()).isEqualTo(snapshot);
        assertThat(server.hubRequests).hasSize(requests); // it is whole
    }

    @Test
    void takesSafetensorsRatherThanOnnxFiles() throws IOException {
        onnx(server);
        open();
        assertThat(inCache("snapshots", COMMIT)).contains(UNET, TEXT, VAE).noneMatch(path -> path.contains("onnx"));
    }

    @Test
    void refusesWhatIsNotInDiffusersLayout() throws IOException {
        server.files.remove("model_index.json");

        assertRefused(
                ModelException.class, "owner/name has no model_index.json; a model in diffusers layout was expected");
        assertThat(inCache()).isEmpty();
    }

    @Test
    void refusesPickles() {
        server.files.remove(UNET);

        assertRefused(
                ModelException.class,
                "owner/name has only pickle weights in unet/ (unet/diffusion_pytorch_model.bin), which can run code when loaded and are never loaded; load the model in Python, write it with save_pretrained(folder, safe_serialization=True), and open that folder");
        assertThat(server.weightsSent()).isEmpty();
    }

    @Test
    void refusesAModelWithoutWeights() {
        server.files.remove(VAE);

        assertRefused(
                ModelException.class,
                "owner/name has no weights that can be used in vae/; looked for vae/diffusion_pytorch_model.safetensors, vae/diffusion_pytorch_model.safetensors.index.json, vae/diffusion_pytorch_model.fp16.safetensors, vae/diffusion_pytorch_model.safetensors.index.fp16.json");
    }

    @Test
    void asksForTheHashesThatTheListingDoesNotTell() {
        server.tellsHashes = false;

        Path snapshot = open().folder();

        assertThat(snapshot.resolve(UNET)).hasBinaryContent(server.files.get(UNET));
        assertThat(server.hubRequests.stream().filter(asked -> asked.method().equals("HEAD")))
                .hasSize(11);
        assertThat(server.storageRequests).noneMatch(asked -> asked.method().equals("HEAD"));
    }

    @Test
    void refusesWhatCannotBeChecked() {
        server.tellsHashes = false;
        server.fault("model_index.json", status(200, "ETag", "\"5f-1a2b\"", "Content-Length", "7"));

        assertRefused(
                DownloadException.class,
                "%s does not say size and hash of model_index.json in owner/name, and what cannot be checked is not downloaded",
                server.endpoint());
    }

    @Test
    void tellsHowFarItIs() {
        List<DownloadProgress> told = new CopyOnWriteArrayList<>();
        DownloadListener broken = progress -> {
            throw new IllegalStateException("a listener's fault");
        };

        new Hub(server.settings(cache), List.of(broken, told::add)).open(ID, "v1", false, (model, onnx) -> {});

        assertThat(told.get(0)).isEqualTo(new DownloadProgress("owner/name@v1", 0, 150_000, 0, 3));
        assertThat(told.get(told.size() - 1)).isEqualTo(new DownloadProgress("owner/name@v1", 150_000, 150_000, 3, 3));
        assertThat(told).isSortedAccordingTo((a, b) -> Long.compare(a.doneBytes(), b.doneBytes()));
    }

    @Test
    void severalAtOnceDownloadEachFileOnce() {
        List<CompletableFuture<Hub.Snapshot>> all = Stream.generate(() -> CompletableFuture.supplyAsync(this::open))
                .limit(4)
                .toList();

        all.forEach(one -> assertThat(one.join().commit()).isEqualTo(COMMIT));
        assertThat(server.weightsSent()).containsExactlyInAnyOrder(TEXT, UNET, VAE);
    }

    @Test
    void oneFailureEndsTheOthersAtOnce() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        server.fault(VAE, (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, 1000);
            exchange.getResponseBody().flush();
            begun.countDown();
            end.await();
        });
        server.fault("hub:" + UNET, (exchange, content) -> {
            begun.await();
            status(404, "X-Error-Code", "EntryNotFound").answer(exchange, content);
        });

        assertRefused(DownloadException.class, "owner/name has no file %s", UNET);
        end.countDown();
    }

    @Test
    void anInterruptEndsTheDownload() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        server.fault(UNET, (exchange, content) -> {
            begun.countDown();
            end.await();
        });
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread caller = new Thread(() -> {
            try {
                open();
            } catch (DownloadException e) {
                assertThat(e).hasMessage("The download of owner/name was interrupted; what has arrived is kept");
                interrupted.complete(Thread.currentThread().isInterrupted());
            }
        });
        caller.start();
        begun.await();
        caller.interrupt();

        assertThat(interrupted.get()).isTrue();
        end.countDown();
    }

    @Test
    void linksHardWhereThereAreNoSymbolicLinks() throws IOException {
        Path blob = Files.writeString(folder.resolve("blob"), "content");
        Path pointer = folder.resolve("pointer");

        RepoCache.linkHard(pointer, blob);

        assertThat(Files.isSameFile(pointer, blob)).isTrue();
    }
}
