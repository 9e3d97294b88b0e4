package dev.swiftbrush.runtime.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Map;

/**
 * Writes the {@code tokenizer.json} that transformers 5.23.0 builds for its {@code CLIPTokenizer}, but for the start and
 * end token, which {@link PromptTokenizer} puts around the ids itself.
 */
final class ClipTokenizerJson {

    /** Spelled out so that the special tokens' texts stay whole even where normalising made them, as from capitals. */
    private static final String WORDS =
            "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d" + "|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

    private static final JsonFactory ASCII =
            JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    private ClipTokenizerJson() {}

    static String write(BpeModel model, String unknown, Map<AddedToken, Integer> added) {
        StringWriter out = new StringWriter(1 << 20);
        try (JsonGenerator json = ASCII.createGenerator(out)) {
            json.writeStartObject();
            json.writeStringField("version", "1.0");
            writeAdded(json, added);
            writeNormalizer(json);
            writePreTokenizer(json);
            writeModel(json, model, unknown);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a StringWriter throws none
        }
        return out.toString();
    }

    private static void writeAdded(JsonGenerator json, Map<AddedToken, Integer> added) throws IOException {
        json.writeArrayFieldStart("added_tokens");
        for (var entry : added.entrySet()) {
            AddedToken token = entry.getKey();
            json.writeStartObject();
            json.writeNumberField("id", entry.getValue());
            json.writeStringField("content", token.content());
            json.writeBooleanField("single_word", token.singleWord());
            json.writeBooleanField("lstrip", token.lstrip());
            json.writeBooleanField("rstrip", token.rstrip());
            json.writeBooleanField("normalized", token.normalized());
            json.writeBooleanField("special", token.special());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void writeNormalizer(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("normalizer");
        json.writeStringField("type", "Sequence");
        json.writeArrayFieldStart("normalizers");
        writeType(json, "NFC");
        json.writeStartObject();
        json.writeStringField("type", "Replace");
        writeRegex(json, "\\s+");
        json.writeStringField("content", " ");
        json.writeEndObject();
        writeType(json, "Lowercase");
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void writePreTokenizer(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("pre_tokenizer");
        json.writeStringField("type", "Sequence");
        json.writeArrayFieldStart("pretokenizers");
        json.writeStartObject();
        json.writeStringField("type", "Split");
        writeRegex(json, WORDS);
        json.writeStringField("behavior", "Removed");
        json.writeBooleanField("invert", true);
        json.writeEndObject();
        json.writeStartObject();
        json.writeStringField("type", "ByteLevel");
        json.writeBooleanField("add_prefix_space", false);
        json.writeBooleanField("trim_offsets", true);
        json.writeBooleanField("use_regex", true);
        json.writeEndObject();
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void writeModel(JsonGenerator json, BpeModel model, String unknown) throws IOException {
        json.writeObjectFieldStart("model");
        json.writeStringField("type", "BPE");
        json.writeStringField("unk_token", unknown);
        json.writeStringField("continuing_subword_prefix", "");
        json.writeStringField("end_of_word_suffix", "</w>");
        json.writeBooleanField("fuse_unk", false);
        json.writeObjectFieldStart("vocab");
        for (var entry : model.vocabulary().entrySet()) {
            json.writeNumberField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
        json.writeArrayFieldStart("merges");
        for (BpeModel.Merge merge : model.merges()) {
            json.writeStartArray();
            json.writeString(merge.left());
            json.writeString(merge.right());
            json.writeEndArray();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void writeType(JsonGenerator json, String type) throws IOException {
        json.writeStartObject();
        json.writeStringField("type", type);
        json.writeEndObject();
    }

    private static void writeRegex(JsonGenerator json, String regex) throws IOException {
        json.writeObjectFieldStart("pattern");
        json.writeStringField("Regex", regex);
        json.writeEndObject();
    }
}
