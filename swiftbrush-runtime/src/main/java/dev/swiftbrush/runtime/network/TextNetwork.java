package dev.swiftbrush.runtime.network;

import java.nio.file.Path;
import java.util.List;

/** What makes hidden states of a prompt's tokens: CLIP's text model, or an ONNX file of somebody else's. */
public sealed interface TextNetwork {

    /** Tokens of a prompt that it reads at most. */
    int tokens();

    /** Width of the hidden states. */
    int width();

    /** Its configuration, and those of its files that lie in the checkpoint's folder. */
    List<Path> files();

    /** CLIP's text model, written by this project, with the checkpoint's weights. */
    record Clip(ClipTextModel model, Checkpoint.Component weights) implements TextNetwork {
        @Override
        public int tokens() {
            return model.config().positions();
        }

        @Override
        public int width() {
            return model.config().channels();
        }

        @Override
        public List<Path> files() {
            return weights.files();
        }
    }

    /** An ONNX file that is run as it stands. */
    record Onnx(OnnxTextConfig config) implements TextNetwork {
        @Override
        public int tokens() {
            return config.maxLength();
        }

        @Override
        public int width() {
            return config.width();
        }

        @Override
        public List<Path> files() {
            return config.files();
        }
    }
}
