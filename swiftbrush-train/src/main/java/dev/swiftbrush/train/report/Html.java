package dev.swiftbrush.train.report;

import java.util.Locale;

/** Text of an HTML page; every text that is not written here passes {@link #escape}. */
final class Html {

    private final StringBuilder page = new StringBuilder();

    /** Adds markup as it stands, with each {@code %s} replaced by the escaped text of an argument. */
    Html add(String markup, Object... texts) {
        Object[] escaped = new Object[texts.length];
        for (int i = 0; i < texts.length; i++) {
            escaped[i] = texts[i] instanceof Html html ? html.toString() : escape(String.valueOf(texts[i]));
        }
        page.append(String.format(Locale.ROOT, markup, escaped));
        return this;
    }

    /** Makes a text harmless between tags and within quotes; what XML has no character for becomes U+FFFD. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                default -> escaped.appendCodePoint(isCharacter(c) ? c : 0xfffd);
            }
        });
        return escaped.toString();
    }

    private static boolean isCharacter(int c) {
        boolean space = c == '\t' || c == '\n' || c == '\r';
        boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
        return space || !Character.isISOControl(c) && !surrogate && c < 0x10fffe && c != 0xfffe && c != 0xffff;
    }

    @Override
    public String toString() {
        return page.toString();
    }
}
