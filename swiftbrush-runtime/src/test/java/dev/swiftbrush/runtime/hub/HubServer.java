package dev.swiftbrush.runtime.hub;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A hub with one model, and the storage that it redirects to for large files, each on a port of its own; both only on the
 * loopback interface. Faults are answered once each, in the order in which they were added.
 */
public final class HubServer implements AutoCloseable {
    public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    static final Patience HASTE = new Patience(Duration.ofSeconds(20), 3, Duration.ofMillis(1), Duration.ofMinutes(1));
    private static final int FIRST_PART = 1000;

    /** What is answered instead. */
    @FunctionalInterface
    interface Fault {
        void answer(HttpExchange exchange, byte[] content) throws Exception;
    }

    /** One request as it came. */
    record Request(
            String method,
            String path,
            @Nullable String range,
            @Nullable String authorization) {}

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer hub = start(this::serveHub);
    private final HttpServer storage = start(this::serveStorage);
    private final Map<String, Deque<Fault>> faults = new HashMap<>();
    final String id;
    final Map<String, byte[]> files = new TreeMap<>();
    final List<Request> hubRequests = new CopyOnWriteArrayList<>();
    final List<Request> storageRequests = new CopyOnWriteArrayList<>();
    boolean tellsHashes = true;

    @Nullable
    String listing;

    public HubServer(String id) {
        this.id = id;
    }

    /** Adds every file of a folder. */
    public HubServer with(Path folder) throws IOException {
        try (Stream<Path> walk = Files.walk(folder)) {
            for (Path file : walk.filter(Files::isRegularFile).toList()) {
                String path = folder.relativize(file).toString().replace('\\', '/');
                files.put(path, Files.readAllBytes(file));
            }
        }
        return this;
    }

    public HubServer with(String path, String content) {
        return with(path, content.getBytes(UTF_8));
    }

    HubServer with(String path, byte[] content) {
        files.put(path, content);
        return this;
    }

    URI endpoint() {
        return URI.create("http://localhost:" + hub.getAddress().getPort());
    }

    URI storage() {
        return URI.create("http://127.0.0.1:" + storage.getAddress().getPort());
    }

    public HubSettings settings(Path cache) {
        return new HubSettings(endpoint(), cache, false, null, ProxySelector.of(null), HASTE);
    }

    /** Answers the next request for {@code path} in another way: a file's path, or {@code ""} for the listing. */
    synchronized HubServer fault(String path, Fault fault) {
        faults.computeIfAbsent(path, unseen -> new ArrayDeque<>()).add(fault);
        return this;
    }

    private synchronized @Nullable Fault nextFault(String path) {
        Deque<Fault> next = faults.get(path);
        return next == null ? null : next.poll();
    }

    static Fault status(int status, String... headers) {
        return (exchange, content) -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
            }
            exchange.sendResponseHeaders(status, -1);
        };
    }

    /** Promises everything and breaks off after some bytes. */
    static Fault dropped() {
        return (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, FIRST_PART);
            exchange.getResponseBody().flush();
        };
    }

    /** Ends in good order, too early. */
    static Fault truncated() {
        return (exchange, content) -> write(exchange, 200, Arrays.copyOf(content, FIRST_PART));
    }

    static Fault damaged() {
        return (exchange, content) -> {
            byte[] other = content.clone();
            other[7]++;
            write(exchange, 200, other);
        };
    }

    /** The names of the files that were asked for, of hub and storage, with the listing as {@code ""}. */
    List<String> asked() {
        return hubRequests.stream().map(request -> name(request.path())).toList();
    }

    /** The paths of the weights that were asked for. */
    List<String> weightsSent() {
        return storageRequests.stream().map(request -> stored(request.path())).toList();
    }

    private String name(String path) {
        String resolve = "/" + id + "/resolve/[^/]+/"; // one commit, by whatever name
        return path.matches(resolve + ".+") ? path.replaceFirst(resolve, "") : "";
    }

    private String stored(String address) {
        return files.keySet().stream()
                .filter(path -> address.equals("/" + hash(path)))
                .findFirst()
                .orElseThrow();
    }

    String hash(String path) {
        byte[] content = files.get(path);
        return isLarge(path) ? hex("SHA-256", content) : gitHash(content);
    }

    static String gitHash(byte[] content) {
        byte[] header = ("blob " + content.length + "\0").getBytes(UTF_8);
        byte[] all = Arrays.copyOf(header, header.length + content.length);
        System.arraycopy(content, 0, all, header.length, content.length);
        return hex("SHA-1", all);
    }

    private static String hex(String algorithm, byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean isLarge(String path) {
        return path.endsWith(".safetensors") || path.endsWith(".bin");
    }

    private void serveHub(HttpExchange exchange) throws Exception {
        String path = exchange.getRequestURI().getRawPath();
        hubRequests.add(request(exchange));
        String file = name(path);
        byte[] content = files.get(file);
        Fault fault = nextFault(isLarge(file) ? "hub:" + file : file);
        if (fault != null) {
            fault.answer(exchange, content == null ? new byte[0] : content);
        } else if (path.startsWith("/api/models/" + id + "/revision/")) {
            write(exchange, 200, (listing != null ? listing : listing()).getBytes(UTF_8));
        } else if (content == null) {
            status(404, "X-Error-Code", "EntryNotFound").answer(exchange, new byte[0]);
        } else if (isLarge(file)) {
            exchange.getResponseHeaders().set("X-Linked-Etag", '"' + hash(file) + '"');
            exchange.getResponseHeaders().set("X-Linked-Size", Integer.toString(content.length));
            exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
            status(302, "Location", storage() + "/" + hash(file)).answer(exchange, content);
        } else {
            exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
            exchange.getResponseHeaders().set("ETag", "W/\"" + hash(file) + '"');
            write(exchange, 200, content);
        }
    }

    private void serveStorage(HttpExchange exchange) throws Exception {
        storageRequests.add(request(exchange));
        String file = stored(exchange.getRequestURI().getPath());
        byte[] content = files.get(file);
        Fault fault = nextFault(file);
        String range = exchange.getRequestHeaders().getFirst("Range");
        if (fault != null) {
            fault.answer(exchange, content);
        } else if (range != null) {
            int from = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
            String sent = "bytes %d-%d/%d".formatted(from, content.length - 1, content.length);
            exchange.getResponseHeaders().set("Content-Range", sent);
            write(exchange, 206, Arrays.copyOfRange(content, from, content.length));
        } else {
            write(exchange, 200, content);
        }
    }

    String listing() {
        String siblings = files.entrySet().stream()
                .map(file -> sibling(file.getKey(), file.getValue().length))
                .collect(Collectors.joining(",\n"));
        return "{\"id\": \"%s\", \"sha\": \"%s\", \"siblings\": [%s]}".formatted(id, COMMIT, siblings);
    }

    private String sibling(String path, int bytes) {
        if (!tellsHashes) {
            return "{\"rfilename\": \"%s\"}".formatted(path);
        }
        if (isLarge(path)) {
            return "{\"rfilename\": \"%s\", \"size\": %d, \"blobId\": \"%s\", \"lfs\": {\"sha256\": \"%s\", \"size\": %d, \"pointerSize\": 134}}"
                    .formatted(path, bytes, "f".repeat(40), hash(path), bytes);
        }
        return "{\"rfilename\": \"%s\", \"size\": %d, \"blobId\": \"%s\"}".formatted(path, bytes, hash(path));
    }

    static void write(HttpExchange exchange, int status, byte[] content) throws IOException {
        boolean head = exchange.getRequestMethod().equals("HEAD");
        if (head) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(content.length));
        }
        exchange.sendResponseHeaders(status, head || content.length == 0 ? -1 : content.length);
        if (!head) {
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(content);
            }
        }
    }

    private static Request request(HttpExchange exchange) {
        return new Request(
                exchange.getRequestMethod(),
                exchange.getRequestURI().getRawPath(),
                exchange.getRequestHeaders().getFirst("Range"),
                exchange.getRequestHeaders().getFirst("Authorization"));
    }

    @FunctionalInterface
    private interface Service {
        void serve(HttpExchange exchange) throws Exception;
    }

    private HttpServer start(Service service) {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setExecutor(threads);
            server.createContext("/", exchange -> {
                try (exchange) {
                    service.serve(exchange);
                } catch (IOException e) {
                    throw e;
                } catch (Exception e) {
                    throw new IOException(e);
                }
            });
            server.start();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        hub.stop(0);
        storage.stop(0);
        threads.shutdownNow();
    }
}
