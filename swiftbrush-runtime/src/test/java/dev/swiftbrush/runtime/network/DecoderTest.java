package dev.swiftbrush.runtime.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.ModelException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint's decoder: its own, tiny or not, and one from another folder. */
class DecoderTest {
    private static final String WEIGHTS = "vae/diffusion_pytorch_model.safetensors";

    @TempDir
    Path temp;

    private TinyCheckpoint taesd;

    @BeforeEach
    void copy() {
        taesd = TinyCheckpoint.copy("taesd", temp.resolve("taesd"));
    }

    @Test
    void aTinyAutoencoderIsItsDecoder() {
        Checkpoint checkpoint = taesd.open();

        assertThat(checkpoint.decoder()).isInstanceOf(AutoencoderTiny.class);
        assertThat(checkpoint.vaeWeights().tensors().keySet())
                .isEqualTo(checkpoint.decoder().weights().keySet())
                .noneMatch(name -> name.startsWith("encoder."));
        assertThatThrownBy(checkpoint::autoencoder)
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "The autoencoder of %s is an AutoencoderTiny, which only decodes here; an AutoencoderKL is needed",
                        taesd.folder());
    }

    @Test
    void theEncoderOfATinyAutoencoderMayBeAbsent() {
        taesd.withWeights(WEIGHTS, weights -> weights.keySet().removeIf(name -> name.startsWith("encoder.")));

        assertThat(taesd.open().vaeWeights().tensors()).hasSize(49);
    }

    @Test
    void everyWeightOfATinyDecoderMustBeThere() {
        taesd.withWeights(WEIGHTS, weights -> weights.remove("decoder.layers.5.weight"));

        assertThatThrownBy(taesd::open)
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "The weights in %s are not those of its config.json: 1 missing (decoder.layers.5.weight [8, 8, 3, 3])",
                        taesd.file("vae"));
    }

    @Test
    void theConfigurationMustBeOfTheClassInTheIndex() {
        taesd.with("model_index.json", "{'vae': ['diffusers', 'AutoencoderKL']}");

        assertThatThrownBy(taesd::open)
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s sets _class_name=\"AutoencoderTiny\"; only AutoencoderKL is supported",
                        taesd.file("vae/config.json"));
    }

    @Test
    void anotherDecoderTakesThePlaceOfTheOwn() {
        TinyCheckpoint sd1 = TinyCheckpoint.copy("sd1", temp.resolve("sd1"));

        Checkpoint checkpoint = sd1.open().withDecoder(taesd.file("vae"), false);

        assertThat(checkpoint.decoder()).isEqualTo(taesd.open().decoder());
        assertThat(checkpoint.files())
                .containsEntry("decoder/config.json", taesd.file("vae/config.json"))
                .containsEntry("decoder/diffusion_pytorch_model.safetensors", taesd.file(WEIGHTS))
                .containsEntry("unet/config.json", sd1.file("unet/config.json"))
                .doesNotContainKeys("vae/config.json", WEIGHTS);
    }

    @Test
    void itMayBeAnOrdinaryAutoencoder() {
        TinyCheckpoint sd1 = TinyCheckpoint.copy("sd1", temp.resolve("sd1"));

        assertThat(taesd.open().withDecoder(sd1.file("vae"), false).autoencoder())
                .isEqualTo(sd1.open().autoencoder());
    }

    @Test
    void aDecoderOfOtherLatentsIsRefused() {
        TinyCheckpoint sd2 = TinyCheckpoint.copy("sd2", temp.resolve("sd2"));

        assertThatThrownBy(() -> sd2.open().withDecoder(taesd.file("vae"), false))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "The decoder in %s makes 3 channels of 8x8 pixels from a latent of 4 channels, but that of %s makes 3 channels of 4x4 pixels from a latent of 4 channels; it must be for the same latents",
                        taesd.file("vae"), sd2.folder());
    }

    @Test
    void aDecoderOfNoKnownKindIsRefused() {
        Path nowhere = temp.resolve("nowhere");
        assertThatThrownBy(() -> taesd.open().withDecoder(nowhere, false))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s is not a folder; a decoder is one with config.json and diffusion_pytorch_model.safetensors",
                        nowhere);
        assertThatThrownBy(() -> taesd.open().withDecoder(taesd.folder(), false))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s does not exist", taesd.file("config.json"));
        assertThatThrownBy(() -> taesd.open().withDecoder(taesd.file("unet"), false))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "%s: _class_name must be AutoencoderKL or AutoencoderTiny, but was \"UNet2DConditionModel\"",
                        taesd.file("unet/config.json"));
    }
}
