package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class FingerprintTest {
    private static final String A = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    private static final String B = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d";

    @Test
    void isTheHashOfWhatSha256sumWrites() {
        SortedMap<String, String> parts = new TreeMap<>(Map.of("b/c", B, "a", A));

        // printf a > a; mkdir b; printf b > b/c; sha256sum a b/c | sha256sum, GNU coreutils
        assertThat(new Fingerprint(parts).sha256())
                .isEqualTo("98770cf8c0928e81ad16d0e0a060c4783403c867ae15265225e316718deeedc9");
    }

    @Test
    void keepsItsOwnCopy() {
        SortedMap<String, String> parts = new TreeMap<>(Map.of("a", A));
        Fingerprint fingerprint = new Fingerprint(parts);
        parts.put("b", B);

        assertThat(fingerprint.parts()).containsExactly(Map.entry("a", A));
        assertThat(fingerprint).hasToString(fingerprint.sha256());
    }

    @Test
    void refusesWhatIsNoHash() {
        assertThatThrownBy(() -> new Fingerprint(new TreeMap<>()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("parts must not be empty");
        assertThatThrownBy(() -> new Fingerprint(new TreeMap<>(Map.of("a", "CA97"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a must have a SHA-256 in lower-case hex, but has CA97");
    }
}
