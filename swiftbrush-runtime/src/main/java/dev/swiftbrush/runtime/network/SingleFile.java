package dev.swiftbrush.runtime.network;

import dev.swiftbrush.ModelException;
import dev.swiftbrush.runtime.weights.Messages;
import dev.swiftbrush.runtime.weights.Safetensors;
import dev.swiftbrush.runtime.weights.StoredTensor;
import dev.swiftbrush.runtime.weights.WeightAudit;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Stable Diffusion 1.x or 2.x checkpoint as it was first published: one safetensors file with the names of the latent
 * diffusion code. Its networks are read off the shapes of the weights and, where shapes do not tell, off the family's
 * published configuration; the weights stay where they are.
 *
 * @param checkpoint the networks; its folder is the file's
 * @param padToken what the family's tokenizer fills a prompt up with
 * @param predictsV whether the file says that its UNet predicts velocities ({@code v_prediction}) and not noise
 * @param metadata what the file says of itself
 * @see <a href="https://github.com/Stability-AI/ModelSpec">the metadata</a>
 */
public record SingleFile(
        Path file, Checkpoint checkpoint, String padToken, boolean predictsV, Map<String, String> metadata) {
    private static final Logger log = LoggerFactory.getLogger(SingleFile.class);

    private static final String V_MARK = "v_pred";
    private static final String V_ARCHITECTURE = "768-v";
    private static final int SAMPLE_OF_V = 96;
    private static final Set<String> V_NAMES = Set.of("v", "v_prediction", "v-prediction");

    /** What the training kept beside the networks. */
    private static final Set<String> BUFFERS = Set.of(
            "betas",
            "alphas_cumprod",
            "alphas_cumprod_prev",
            "sqrt_alphas_cumprod",
            "sqrt_one_minus_alphas_cumprod",
            "log_one_minus_alphas_cumprod",
            "sqrt_recip_alphas_cumprod",
            "sqrt_recipm1_alphas_cumprod",
            "posterior_variance",
            "posterior_log_variance_clipped",
            "posterior_mean_coef1",
            "posterior_mean_coef2",
            "lvlb_weights",
            "logvar",
            "scale_factor",
            "global_step",
            V_MARK);

    private static final List<String> NOT_OF_A_NETWORK = List.of("model_ema.", "first_stage_model.loss.");

    /** Names that tell other kinds of files; the first that fits says most. */
    private static final List<Foreign> FOREIGN = List.of(
            new Foreign(
                    "adapters (LoRA) without the model that they belong to",
                    name -> name.startsWith("lora_")
                            || name.contains(".lora_down.")
                            || name.contains(".lora_A.")
                            || name.contains(".lora.down.")),
            new Foreign("Stable Diffusion XL", name -> name.startsWith("conditioner.embedders.")),
            new Foreign("Stable Diffusion 3", name -> name.contains("joint_blocks.")),
            new Foreign("Flux", name -> name.contains("double_blocks.")),
            new Foreign("a ControlNet", name -> name.startsWith("control_model.")),
            new Foreign(
                    "a model that is told a class or an image (unCLIP, an upscaler)",
                    name -> name.startsWith(LdmUnet.PREFIX + "label_emb.")),
            new Foreign(
                    "one network of a model in diffusers layout",
                    name -> name.startsWith("down_blocks.")
                            || name.startsWith("encoder.down_blocks.")
                            || name.startsWith("text_model.")));

    private record Foreign(String kind, Predicate<String> isToldBy) {}

    /**
     * Opens the checkpoint in {@code file}: reads its header, and holds every weight's name and shape against the family's
     * architecture; no weight is read.
     *
     * @throws ModelException if the file is damaged, or is not a whole model of one of the two families
     */
    public static SingleFile open(Path file) {
        return open(file, LdmFamily.SD1, LdmFamily.SD2);
    }

    /**
     * Opens a checkpoint of one of two families.
     *
     * @param clip the family whose text encoder is CLIP
     * @param openClip the family whose text encoder is OpenCLIP
     */
    static SingleFile open(Path file, LdmFamily clip, LdmFamily openClip) {
        Path absolute = file.toAbsolutePath();
        Safetensors opened = Safetensors.open(absolute);
        return of(absolute, opened.tensors(), opened.metadata(), clip, openClip);
    }

    static SingleFile of(
            Path file,
            Map<String, StoredTensor> tensors,
            Map<String, String> metadata,
            LdmFamily clip,
            LdmFamily openClip) {
        requireStableDiffusion(file, tensors.keySet());
        LdmTensors unet = part(file, "UNet", LdmUnet.PREFIX, tensors);
        LdmTensors vae = part(file, "autoencoder", LdmAutoencoder.PREFIX, without(tensors, NOT_OF_A_NETWORK));
        LdmTensors open = LdmTensors.of(file, "text encoder", LdmTextEncoder.OPEN_CLIP_PREFIX, tensors);
        boolean isOpenClip = !open.isEmpty();
        LdmTensors text = isOpenClip ? open : part(file, "text encoder", LdmTextEncoder.CLIP_PREFIX, tensors);
        LdmFamily family = isOpenClip ? openClip : clip;
        boolean predictsV = predictsV(tensors.keySet(), metadata);
        return new SingleFile(
                file,
                checkpoint(
                        file,
                        family,
                        isOpenClip ? LdmTextEncoder.ofOpenClip(text, family) : LdmTextEncoder.ofClip(text, family),
                        LdmUnet.of(unet, family, predictsV ? SAMPLE_OF_V : family.sample()),
                        LdmAutoencoder.of(vae, family)),
                family.padToken(),
                predictsV,
                metadata);
    }

    /** What the metadata calls the model's licence. */
    public Optional<String> licence() {
        return Optional.ofNullable(metadata.get("modelspec.license")).filter(text -> !text.isBlank());
    }

    private static Checkpoint checkpoint(
            Path file,
            LdmFamily family,
            LdmNetwork<ClipTextConfig> text,
            LdmNetwork<UNetConfig> unet,
            LdmNetwork<AutoencoderConfig> vae) {
        ClipTextModel clip = new ClipTextModel(text.config());
        TextNetwork textEncoder = new TextNetwork.Clip(clip, new Checkpoint.Component(text.tensors(), List.of(file)));
        AutoencoderKl autoencoder = new AutoencoderKl(vae.config());
        Checkpoint.requireThatTheyFit(file, textEncoder, unet.config(), autoencoder);
        UNet2DConditionModel denoiser = new UNet2DConditionModel(unet.config());
        String complaint = "The %s in %s is not that of %s";
        WeightAudit.require(clip.weights(), text.tensors(), complaint.formatted("text encoder", file, family.name()));
        WeightAudit.require(denoiser.weights(), unet.tensors(), complaint.formatted("UNet", file, family.name()));
        WeightAudit.require(
                autoencoder.weights(), vae.tensors(), complaint.formatted("autoencoder", file, family.name()));
        return new Checkpoint(
                Objects.requireNonNull(file.getParent()), // absolute, and no root
                textEncoder,
                denoiser,
                autoencoder,
                new Checkpoint.Component(unet.tensors(), List.of(file)),
                new Checkpoint.Component(vae.tensors(), List.of(file)),
                null,
                null);
    }

    private static void requireStableDiffusion(Path file, Set<String> names) {
        for (Foreign foreign : FOREIGN) {
            if (names.stream().anyMatch(foreign.isToldBy())) {
                throw new ModelException(
                        "%s holds %s; a single file must be a whole checkpoint of Stable Diffusion 1.x or 2.x"
                                .formatted(file, foreign.kind()));
            }
        }
        if (names.contains("ztsnr")) {
            throw new ModelException(
                    "%s was trained on a schedule that ends without signal (ztsnr), which is not supported"
                            .formatted(file));
        }
        List<String> others = names.stream()
                .filter(name -> !BUFFERS.contains(name))
                .filter(name -> Stream.of(LdmUnet.PREFIX, LdmAutoencoder.PREFIX, "cond_stage_model.")
                        .noneMatch(name::startsWith))
                .filter(name -> NOT_OF_A_NETWORK.stream().noneMatch(name::startsWith))
                .sorted()
                .toList();
        if (!others.isEmpty()) {
            log.warn(
                    "{} holds {} tensors of no network of Stable Diffusion, which are ignored, first {}",
                    file,
                    others.size(),
                    Messages.quoted(others.get(0)));
        }
    }

    private static LdmTensors part(Path file, String network, String prefix, Map<String, StoredTensor> tensors) {
        LdmTensors own = LdmTensors.of(file, network, prefix, tensors);
        if (own.isEmpty()) {
            throw new ModelException(
                    "%s has no %s (%s*); a single file must be a whole checkpoint of Stable Diffusion 1.x or 2.x"
                            .formatted(file, network, prefix));
        }
        return own;
    }

    private static Map<String, StoredTensor> without(Map<String, StoredTensor> tensors, List<String> prefixes) {
        Map<String, StoredTensor> rest = new LinkedHashMap<>(tensors);
        rest.keySet().removeIf(name -> prefixes.stream().anyMatch(name::startsWith));
        return rest;
    }

    private static boolean predictsV(Set<String> names, Map<String, String> metadata) {
        return names.contains(V_MARK)
                || metadata.getOrDefault("modelspec.architecture", "").endsWith(V_ARCHITECTURE)
                || Stream.of("modelspec.prediction_type", "modelspec.predict_key")
                        .map(key -> metadata.getOrDefault(key, "").toLowerCase(Locale.ROOT))
                        .anyMatch(V_NAMES::contains);
    }
}
