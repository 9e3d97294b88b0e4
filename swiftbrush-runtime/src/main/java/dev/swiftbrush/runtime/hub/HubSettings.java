package dev.swiftbrush.runtime.hub;

import dev.swiftbrush.DownloadException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProxySelector;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which hub, which cache and which token, as the environment says it to the hub's own tools too. Immutable and
 * thread-safe.
 *
 * @param endpoint the hub's address, without a slash at its end
 * @param cache the folder with a folder for each model
 * @param offline whether the network is left alone
 * @param token what the hub knows its user by, or null for nobody
 * @param proxies what stands between this machine and the hub
 * @param patience when to give up
 */
public record HubSettings(
        URI endpoint, Path cache, boolean offline, @Nullable String token, ProxySelector proxies, Patience patience) {

    private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
    private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");
    private static final Pattern TOKEN = Pattern.compile("[!-~]{1,4096}"); // printable ASCII without spaces
    private static final int MAX_TOKEN_FILE_BYTES = 8192;

    /** Reads the environment of this process. */
    public static HubSettings ofThisProcess() {
        return of(System::getenv, Path.of(System.getProperty("user.home")));
    }

    /**
     * Reads {@code HF_ENDPOINT}, {@code HF_HOME}, {@code HF_HUB_CACHE}, {@code HF_HUB_OFFLINE}, {@code HF_TOKEN},
     * {@code HF_TOKEN_PATH} and the older names of these; see <a
     * href="https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables">the hub's list</a>.
     *
     * @throws DownloadException if one of them cannot be what it says it is
     */
    static HubSettings of(UnaryOperator<@Nullable String> environment, Path userHome) {
        Variables variables = new Variables(environment, userHome);
        Path caches = variables.path("XDG_CACHE_HOME", userHome.resolve(".cache"));
        Path home = variables.path("HF_HOME", caches.resolve("huggingface"));
        Path olderCache = variables.path("HUGGINGFACE_HUB_CACHE", home.resolve("hub"));
        URI endpoint = endpoint(variables.text("HF_ENDPOINT", DEFAULT_ENDPOINT));
        ProxySelector proxies = new Proxies(ProxySelector.getDefault(), environment);
        proxies.select(endpoint); // says at once what is wrong with it
        return new HubSettings(
                endpoint,
                variables.path("HF_HUB_CACHE", olderCache),
                variables.isTrue("HF_HUB_OFFLINE") || variables.isTrue("TRANSFORMERS_OFFLINE"),
                token(variables, variables.path("HF_TOKEN_PATH", home.resolve("token"))),
                proxies,
                Patience.DEFAULT);
    }

    private record Variables(UnaryOperator<@Nullable String> environment, Path userHome) {

        /** Python's tools take an empty variable for an absent one, most of the time. */
        String text(String name, String fallback) {
            String value = environment.apply(name);
            return value == null || value.isBlank() ? fallback : value.strip();
        }

        Path path(String name, Path fallback) {
            String value = text(name, "");
            if (value.isEmpty()) {
                return fallback;
            }
            boolean inHome = value.equals("~") || value.startsWith("~/");
            return inHome ? userHome.resolve(value.substring(Math.min(2, value.length()))) : Path.of(value);
        }

        boolean isTrue(String name) {
            return TRUE.contains(text(name, "").toUpperCase(Locale.ROOT));
        }
    }

    private static URI endpoint(String text) {
        try {
            URI address = new URI(text.replaceAll("/+$", ""));
            boolean web = "https".equals(address.getScheme()) || "http".equals(address.getScheme());
            if (web && address.getHost() != null && address.getQuery() == null && address.getFragment() == null) {
                return address;
            }
        } catch (URISyntaxException e) {
            // said below
        }
        throw new DownloadException(
                "HF_ENDPOINT must be the address of a hub such as %s, but was %s".formatted(DEFAULT_ENDPOINT, text));
    }

    private static @Nullable String token(Variables variables, Path file) {
        if (variables.isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
            return null;
        }
        String token = variables.text("HF_TOKEN", variables.text("HUGGING_FACE_HUB_TOKEN", ""));
        String source = "HF_TOKEN";
        if (token.isEmpty()) {
            token = read(file);
            source = file.toString();
        }
        if (!token.isEmpty() && !TOKEN.matcher(token).matches()) {
            throw new DownloadException(
                    "The hub's token in %s holds spaces or characters that no token has; write it again"
                            .formatted(source)); // a message never shows the token
        }
        return token.isEmpty() ? null : token;
    }

    private static String read(Path file) {
        if (!Files.isRegularFile(file)) {
            return "";
        }
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MAX_TOKEN_FILE_BYTES), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new DownloadException("The hub's token in %s cannot be read: %s".formatted(file, e), e);
        }
    }

    /** Leaves the token out. */
    @Override
    public String toString() {
        return "HubSettings[endpoint=%s, cache=%s, offline=%s]".formatted(endpoint, cache, offline);
    }
}
