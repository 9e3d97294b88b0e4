package dev.swiftbrush.runtime.hub;

import dev.swiftbrush.DownloadException;
import dev.swiftbrush.SwiftBrush;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Speaks to a hub over HTTP. Follows redirects itself, so that the token goes to the hub alone and never to the storage
 * that the hub points to. Closing drops every answer that is still being read. Thread-safe.
 */
final class HubClient implements AutoCloseable {
    private static final int MOST_REDIRECTS = 10;
    private static final int MAX_LISTING_BYTES = 32 << 20;
    private static final Pattern LIMIT = Pattern.compile(";\\s*r=0\\s*;\\s*t=(\\d{1,9})");

    private final HubSettings settings;
    private final HttpClient http;
    private final ScheduledThreadPoolExecutor clock;
    private final Set<Response> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    HubClient(HubSettings settings) {
        this.settings = settings;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1) // files side by side on connections of their own
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(settings.patience().stall())
                .proxy(settings.proxies())
                .build();
        this.clock = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "swiftbrush-hub-clock");
            thread.setDaemon(true);
            return thread;
        });
        clock.setRemoveOnCancelPolicy(true);
    }

    /** What a model consists of. */
    Listing list(RepoName repo) throws InterruptedException {
        // a slash in a revision is no slash of the address
        String path = "/api/models/%s/revision/%s?blobs=true"
                .formatted(repo.id(), repo.revision().replace("/", "%2F"));
        byte[] json = new Retries("The list of files of " + repo, settings.patience()).run(() -> {
            try (Response answer = send("GET", path, repo, null, 0)) {
                return answer.readAll(MAX_LISTING_BYTES);
            }
        });
        return Listing.read(repo.id(), json);
    }

    /** Size and hash of a file, where the listing did not tell. */
    RepoFile describe(RepoName repo, String commit, String file) throws InterruptedException {
        return new Retries("%s of %s".formatted(file, repo), settings.patience()).run(() -> {
            try (Response answer = send("HEAD", address(repo, commit, file), repo, file, 0)) {
                String tag = first(answer.header("X-Linked-Etag"), answer.header("ETag"));
                String bytes = first(answer.header("X-Linked-Size"), answer.header("Content-Length"));
                Optional<ContentHash> hash = ContentHash.parse(tag);
                if (hash.isEmpty() || !bytes.matches("\\d{1,18}")) {
                    throw new DownloadException(
                            "%s does not say size and hash of %s in %s, and what cannot be checked is not downloaded"
                                    .formatted(settings.endpoint(), file, repo));
                }
                return new RepoFile(file, Long.parseLong(bytes), hash.get());
            }
        });
    }

    /** A file's content from byte {@code from} on, or all of it if the hub prefers that; the status tells. */
    Response open(RepoName repo, String commit, RepoFile file, long from) throws IOException, InterruptedException {
        return send("GET", address(repo, commit, file.path()), repo, file.path(), from);
    }

    private static String address(RepoName repo, String commit, String file) {
        return "/%s/resolve/%s/%s".formatted(repo.id(), commit, file);
    }

    /**
     * @throws BusyException if the hub may answer later
     * @throws DownloadException if it refuses
     */
    private Response send(String method, String path, RepoName repo, @Nullable String file, long from)
            throws IOException, InterruptedException {
        URI address = URI.create(settings.endpoint() + path);
        for (int i = 0; i <= MOST_REDIRECTS; i++) {
            Response answer = sendOnce(method, address, from);
            boolean redirected = answer.status() / 100 == 3 && answer.status() != 304;
            if (!redirected) {
                return required(answer, address, repo, file);
            }
            if (method.equals("HEAD") && !answer.header("X-Linked-Etag").isEmpty()) {
                return answer; // it is the hub that knows the file's hash, not the storage
            }
            answer.close();
            address = target(address, answer.header("Location"));
        }
        throw new DownloadException("%s sends from one address to another more than %d times for %s"
                .formatted(settings.endpoint(), MOST_REDIRECTS, repo));
    }

    private Response sendOnce(String method, URI address, long from) throws IOException, InterruptedException {
        if (closed) {
            throw new InterruptedException("the download was stopped");
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(address)
                .method(method, HttpRequest.BodyPublishers.noBody())
                .timeout(settings.patience().stall())
                .header("User-Agent", "swiftbrush-java/" + SwiftBrush.version())
                .header("Accept-Encoding", "identity"); // the bytes that the hash is of
        if (from > 0) {
            request.header("Range", "bytes=" + from + "-");
        }
        if (settings.token() != null && isHub(address)) {
            request.header("Authorization", "Bearer " + settings.token());
        }
        HttpResponse<InputStream> http = this.http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        Response response = new Response(http, clock, settings.patience(), open::remove);
        open.add(response);
        return response;
    }

    private Response required(Response answer, URI address, RepoName repo, @Nullable String file) throws IOException {
        int status = answer.status();
        if (status == 200 || status == 206 || status == 416) {
            return answer;
        }
        answer.close();
        if (status == 408 || status == 429 || status >= 500) {
            throw new BusyException("%s answered %d".formatted(address.getHost(), status), pause(answer));
        }
        if (!isHub(address)) { // a signed address that has expired; the hub gives another
            throw new BusyException("the storage %s answered %d".formatted(address.getHost(), status), null);
        }
        throw Refusal.of(answer, settings, repo, file);
    }

    /** Scheme, host and port are the hub's. */
    private boolean isHub(URI address) {
        URI hub = settings.endpoint();
        return hub.getScheme().equalsIgnoreCase(address.getScheme())
                && hub.getHost().equalsIgnoreCase(address.getHost())
                && port(hub) == port(address);
    }

    private static int port(URI address) {
        if (address.getPort() >= 0) {
            return address.getPort();
        }
        return "https".equalsIgnoreCase(address.getScheme()) ? 443 : 80;
    }

    /** Where a redirect leads. */
    static URI target(URI from, String location) {
        try {
            URI to = from.resolve(location);
            boolean secure = "https".equalsIgnoreCase(to.getScheme());
            boolean plain = "http".equalsIgnoreCase(to.getScheme()) && !"https".equalsIgnoreCase(from.getScheme());
            if (to.getHost() != null && !location.isEmpty() && (secure || plain)) {
                return to;
            }
        } catch (IllegalArgumentException e) {
            // said below
        }
        throw new DownloadException(
                "%s sends to an address that is not followed; it must be https, or http where the hub's is http too"
                        .formatted(from.getHost()));
    }

    private static @Nullable Duration pause(Response answer) {
        String after = answer.header("Retry-After").strip();
        if (after.matches("\\d{1,9}")) {
            return Duration.ofSeconds(Long.parseLong(after));
        }
        if (!after.isEmpty()) {
            try {
                ZonedDateTime then = ZonedDateTime.parse(after, DateTimeFormatter.RFC_1123_DATE_TIME);
                Duration wait = Duration.between(ZonedDateTime.now(then.getZone()), then);
                return wait.isNegative() ? Duration.ZERO : wait;
            } catch (DateTimeParseException e) {
                return null;
            }
        }
        Matcher limit = LIMIT.matcher(answer.header("RateLimit"));
        return answer.status() == 429 && limit.find() ? Duration.ofSeconds(Long.parseLong(limit.group(1))) : null;
    }

    private static String first(String preferred, String other) {
        return preferred.isEmpty() ? other : preferred;
    }

    @Override
    public void close() {
        closed = true;
        clock.shutdownNow();
        open.forEach(Response::drop);
    }
}
