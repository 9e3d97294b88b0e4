package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LicenceTest {

    @Test
    void isWrittenWithItsNameAndWhereItsTermsAre() {
        assertThat(new Licence("apache-2.0", null, null)).hasToString("apache-2.0");
        assertThat(new Licence("other", "sai-nc-community", "LICENSE.md"))
                .hasToString("other (sai-nc-community, LICENSE.md)");
        assertThat(new Licence("other", null, "LICENSE")).hasToString("other (LICENSE)");
        assertThat(new Licence("other", "mine", null)).hasToString("other (mine)");
        assertThat(Licence.UNKNOWN).hasToString("unknown");
    }

    @Test
    void isKnownIfStated() {
        assertThat(Licence.UNKNOWN.isKnown()).isFalse();
        assertThat(new Licence("other", null, null).isKnown()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"cc-by-nc-4.0", "cc-by-nc-sa-4.0", "sai-nc-community", "NonCommercial", "apple-amlr-research"})
    void seesThatCommerceIsNotAllowed(String name) {
        assertThat(new Licence(name, null, null).isNonCommercial()).isTrue();
        assertThat(new Licence("other", name, null).isNonCommercial()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"apache-2.0", "mit", "openrail++", "creativeml-openrail-m", "ncsa", "other", "unknown"})
    void doesNotTakeOthersForNonCommercial(String id) {
        assertThat(new Licence(id, null, null).isNonCommercial()).isFalse();
    }

    @Test
    void isCalledByIdentifierOrName() {
        Licence own = new Licence("other", "sai-nc-community", null);

        assertThat(new Licence("apache-2.0", null, null).isCalled("Apache-2.0")).isTrue();
        assertThat(own.isCalled("SAI-NC-community")).isTrue();
        assertThat(own.isCalled("other")).isFalse();
        assertThat(own.isCalled("mit")).isFalse();
    }

    @Test
    void hasAnIdentifier() {
        assertThatThrownBy(() -> new Licence(" ", null, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("id must not be blank");
    }
}
