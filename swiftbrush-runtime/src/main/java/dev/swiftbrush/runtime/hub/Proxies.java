package dev.swiftbrush.runtime.hub;

import dev.swiftbrush.DownloadException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The proxies of the JVM ({@code https.proxyHost}, ...); where it names none, those of the environment
 * ({@code https_proxy}, {@code http_proxy}, {@code all_proxy}, {@code no_proxy}). Thread-safe.
 */
final class Proxies extends ProxySelector {
    private static final List<Proxy> NONE = List.of(Proxy.NO_PROXY);
    private static final int DEFAULT_PORT = 80;

    private final @Nullable ProxySelector ofTheJvm;
    private final UnaryOperator<@Nullable String> environment;

    Proxies(@Nullable ProxySelector ofTheJvm, UnaryOperator<@Nullable String> environment) {
        this.ofTheJvm = ofTheJvm;
        this.environment = environment;
    }

    @Override
    public List<Proxy> select(URI address) {
        List<Proxy> named = ofTheJvm == null ? NONE : ofTheJvm.select(address);
        if (named.stream().anyMatch(proxy -> proxy.type() != Proxy.Type.DIRECT) || isExempt(address)) {
            return named;
        }
        String value = Stream.of(address.getScheme() + "_proxy", "all_proxy")
                .map(this::variable)
                .filter(text -> !text.isEmpty())
                .findFirst()
                .orElse("");
        return value.isEmpty() ? named : List.of(proxy(value));
    }

    @Override
    public void connectFailed(URI address, SocketAddress proxy, IOException failure) {
        if (ofTheJvm != null) {
            ofTheJvm.connectFailed(address, proxy, failure);
        }
    }

    /** {@code host:port}, with or without a scheme. */
    private static Proxy proxy(String value) {
        try {
            URI address = URI.create(value.contains("://") ? value : "http://" + value);
            if (address.getHost() != null) {
                int port = address.getPort() < 0 ? DEFAULT_PORT : address.getPort();
                // resolved by the client when it connects
                return new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(address.getHost(), port));
            }
        } catch (IllegalArgumentException e) {
            // said below, without the value: it may hold a password
        }
        throw new DownloadException("The proxy in the environment must look like http://host:port");
    }

    private boolean isExempt(URI address) {
        String host = address.getHost().toLowerCase(Locale.ROOT);
        return Stream.of(variable("no_proxy").toLowerCase(Locale.ROOT).split(","))
                .map(entry -> entry.strip().replaceFirst("^\\*?\\.", ""))
                .filter(entry -> !entry.isEmpty())
                .anyMatch(entry -> entry.equals("*") || host.equals(entry) || host.endsWith("." + entry));
    }

    private String variable(String name) {
        String lower = environment.apply(name);
        String value = lower != null ? lower : environment.apply(name.toUpperCase(Locale.ROOT));
        return value == null ? "" : value.strip();
    }
}
