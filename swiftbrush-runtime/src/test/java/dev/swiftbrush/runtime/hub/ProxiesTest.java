package dev.swiftbrush.runtime.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.swiftbrush.DownloadException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProxiesTest {
    private static final URI HUB = URI.create("https://hub.example/a");

    private static List<Proxy> select(URI address, Map<String, String> environment) {
        return new Proxies(ProxySelector.of(null), environment::get).select(address);
    }

    private static Proxy proxy(String host, int port) {
        return new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(host, port));
    }

    @Test
    void goesStraightWithoutOne() {
        assertThat(select(HUB, Map.of())).containsExactly(Proxy.NO_PROXY);
    }

    @Test
    void takesTheOneForTheScheme() {
        Map<String, String> both = Map.of("https_proxy", "http://one:3128/", "HTTP_PROXY", "two:81");

        assertThat(select(HUB, both)).containsExactly(proxy("one", 3128));
        assertThat(select(URI.create("http://hub.example/a"), both)).containsExactly(proxy("two", 81));
        assertThat(select(HUB, Map.of("ALL_PROXY", "three"))).containsExactly(proxy("three", 80));
    }

    @ParameterizedTest
    @ValueSource(strings = {"hub.example", "*", "a.b, .example", "*.example"})
    void leavesOutWhatIsExempt(String exempt) {
        assertThat(select(HUB, Map.of("https_proxy", "one:3128", "NO_PROXY", exempt)))
                .containsExactly(Proxy.NO_PROXY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "ub.example", "hub.example.org"})
    void doesNotLeaveOutOthers(String exempt) {
        assertThat(select(HUB, Map.of("https_proxy", "one:3128", "no_proxy", exempt)))
                .containsExactly(proxy("one", 3128));
    }

    @Test
    void theJvmsOwnComesFirst() {
        ProxySelector own = ProxySelector.of(InetSocketAddress.createUnresolved("own", 1));

        assertThat(new Proxies(own, Map.of("https_proxy", "one:3128")::get).select(HUB))
                .containsExactly(proxy("own", 1));
    }

    @Test
    void saysThatAProxyHasNoHost() {
        assertThatThrownBy(() -> select(HUB, Map.of("https_proxy", "user:secret@")))
                .isInstanceOf(DownloadException.class)
                .hasMessage("The proxy in the environment must look like http://host:port");
    }

    @Test
    @Timeout(60)
    void aDownloadGoesThroughIt(@TempDir Path cache) throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            asked.add(exchange.getRequestURI().toString());
            exchange.getResponseHeaders().set("X-Error-Code", "GatedRepo");
            exchange.sendResponseHeaders(403, -1);
            exchange.close();
        });
        server.start();
        String address = "127.0.0.1:" + server.getAddress().getPort();
        HubSettings settings = new HubSettings(
                URI.create("http://hub.invalid"),
                cache,
                false,
                null,
                new Proxies(null, Map.of("http_proxy", address)::get),
                HubServer.HASTE);

        assertThatThrownBy(() -> new Hub(settings, List.of()).open("owner/name", null, false, (model, onnx) -> {}))
                .hasMessageStartingWith("owner/name is gated");
        server.stop(0);

        assertThat(asked).containsExactly("http://hub.invalid/api/models/owner/name/revision/main?blobs=true");
    }
}
