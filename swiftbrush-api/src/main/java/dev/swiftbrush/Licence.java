package dev.swiftbrush;

import static dev.swiftbrush.Checks.requireArgument;
import static dev.swiftbrush.Checks.requirePresent;

import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The licence that a model states. Immutable and thread-safe.
 *
 * <p>It is what the model's card or licence file says, not advice: read the terms themselves.
 *
 * @param id the identifier as hubs write it, for example {@code apache-2.0} or {@code openrail++}; {@code other} for a
 *     licence without one, {@code unknown} if none is stated
 * @param name what the model calls a licence without an identifier of its own, or null
 * @param link where the terms are: an address, or a file of the model; null if that is not said
 */
public record Licence(
        String id, @Nullable String name, @Nullable String link) {

    /** No licence is stated: nothing is allowed. */
    public static final Licence UNKNOWN = new Licence("unknown", null, null);

    // "nc" as a word of its own, as in cc-by-nc-4.0
    private static final Pattern NON_COMMERCIAL =
            Pattern.compile("(^|[^a-z])nc([^a-z]|$)|non-?\\s?commercial|research");

    /**
     * @throws IllegalArgumentException if the identifier is absent or blank
     */
    public Licence {
        requirePresent(id, "id");
        requireArgument(!id.isBlank(), "id must not be blank");
    }

    /** Returns whether the model states a licence at all. */
    public boolean isKnown() {
        return !equals(UNKNOWN);
    }

    /** Returns whether identifier or name say that the licence is for non-commercial use or research only. */
    public boolean isNonCommercial() {
        String words = (id + " " + (name == null ? "" : name)).toLowerCase(Locale.ROOT);
        return NON_COMMERCIAL.matcher(words).find();
    }

    /** Returns whether {@code idOrName} is this licence's identifier or name, in whatever case; {@code other} is neither. */
    public boolean isCalled(String idOrName) {
        return (idOrName.equalsIgnoreCase(id) && !id.equals("other")) || idOrName.equalsIgnoreCase(name);
    }

    /** Returns the identifier, with name and link if there are any: {@code other (sai-nc-community, LICENSE.md)}. */
    @Override
    public String toString() {
        if (name == null && link == null) {
            return id;
        }
        return id + " (" + (name == null ? link : link == null ? name : name + ", " + link) + ")";
    }
}
