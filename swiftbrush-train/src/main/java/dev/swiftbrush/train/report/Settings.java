package dev.swiftbrush.train.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;

/** The settings of a run as lines of a table. */
final class Settings {

    static final int MOST = 300;
    private static final int LONGEST = 300;

    private Settings() {}

    /** What is nested gets a name with dots: {@code lora.rank}. A list is one line. */
    static Map<String, String> flat(ObjectNode settings) {
        Map<String, String> flat = new LinkedHashMap<>();
        add(flat, "", settings);
        return flat;
    }

    private static void add(Map<String, String> flat, String prefix, ObjectNode object) {
        for (Map.Entry<String, JsonNode> each : object.properties()) {
            if (flat.size() == MOST) {
                return;
            }
            if (each.getValue() instanceof ObjectNode nested && !nested.isEmpty()) {
                add(flat, prefix + each.getKey() + ".", nested);
            } else {
                flat.put(prefix + each.getKey(), shown(each.getValue()));
            }
        }
    }

    private static String shown(JsonNode value) {
        String text = value.isTextual() ? value.textValue() : value.toString();
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
    }
}
