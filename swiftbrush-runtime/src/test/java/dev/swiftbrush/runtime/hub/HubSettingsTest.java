package dev.swiftbrush.runtime.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.DownloadException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the environment says; the rules are those of huggingface_hub 2.4.0, constants.py. */
class HubSettingsTest {

    @TempDir
    Path home;

    private final Map<String, String> environment = new HashMap<>();
    private Path elsewhere;

    @BeforeEach
    void name() {
        elsewhere = home.resolve("elsewhere");
    }

    private HubSettings settings() {
        return HubSettings.of(environment::get, home);
    }

    @Test
    void hasDefaults() {
        HubSettings settings = settings();

        assertThat(settings.endpoint()).hasToString("https://huggingface.co");
        assertThat(settings.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
        assertThat(settings.offline()).isFalse();
        assertThat(settings.token()).isNull();
    }

    @Test
    void findsTheCache() {
        environment.put("XDG_CACHE_HOME", elsewhere.toString());
        assertThat(settings().cache()).isEqualTo(elsewhere.resolve("huggingface/hub"));
        environment.put("HF_HOME", "~/hf");
        assertThat(settings().cache()).isEqualTo(home.resolve("hf/hub"));
        environment.put("HUGGINGFACE_HUB_CACHE", elsewhere.resolve("old").toString());
        assertThat(settings().cache()).isEqualTo(elsewhere.resolve("old"));
        environment.put("HF_HUB_CACHE", elsewhere.resolve("new").toString());
        assertThat(settings().cache()).isEqualTo(elsewhere.resolve("new"));
        environment.put("HF_HUB_CACHE", " ");
        assertThat(settings().cache()).isEqualTo(elsewhere.resolve("old"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "on", "YES", "True"})
    void isOfflineIfToldSo(String value) {
        environment.put("HF_HUB_OFFLINE", value);
        assertThat(settings().offline()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "", "off", "no"})
    void isOnlineIfToldSo(String value) {
        environment.put("HF_HUB_OFFLINE", value);
        assertThat(settings().offline()).isFalse();
    }

    @Test
    void findsTheToken() throws Exception {
        Path file = Files.createDirectories(home.resolve(".cache/huggingface")).resolve("token");
        Files.writeString(file, "hf_file\n");
        assertThat(settings().token()).isEqualTo("hf_file");
        environment.put(
                "HF_TOKEN_PATH",
                Files.writeString(home.resolve("mine"), "hf_mine").toString());
        assertThat(settings().token()).isEqualTo("hf_mine");
        environment.put("HUGGING_FACE_HUB_TOKEN", "hf_old");
        assertThat(settings().token()).isEqualTo("hf_old");
        environment.put("HF_TOKEN", " hf_new ");
        assertThat(settings().token()).isEqualTo("hf_new");
        environment.put("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
        assertThat(settings().token()).isNull();
    }

    @Test
    void neverShowsTheToken() {
        environment.put("HF_TOKEN", "hf_secret");
        assertThat(settings())
                .hasToString("HubSettings[endpoint=https://huggingface.co, cache=%s, offline=false]"
                        .formatted(home.resolve(".cache/huggingface/hub")));

        environment.put("HF_TOKEN", "hf_se\ncret");
        assertThatThrownBy(this::settings)
                .isInstanceOf(DownloadException.class)
                .hasMessage("The hub's token in HF_TOKEN holds spaces or characters that no token has; write it again");
    }

    @Test
    void refusesAProxyThatIsNone() {
        environment.put("https_proxy", "http://");
        assertThatThrownBy(this::settings)
                .isInstanceOf(DownloadException.class)
                .hasMessage("The proxy in the environment must look like http://host:port");
    }

    @Test
    void takesAnotherHub() {
        environment.put("HF_ENDPOINT", "https://hub.example/models/");
        assertThat(settings().endpoint()).hasToString("https://hub.example/models");
    }

    @ParameterizedTest
    @ValueSource(strings = {"hub.example", "file:///tmp", "https://", "https://a b", "https://hub.example?a=b"})
    void refusesWhatIsNoHub(String address) {
        environment.put("HF_ENDPOINT", address);
        assertThatThrownBy(this::settings)
                .isInstanceOf(DownloadException.class)
                .hasMessage(
                        "HF_ENDPOINT must be the address of a hub such as https://huggingface.co, but was " + address);
    }
}
