"""What must hold of a golden before it is worth comparing with."""

import json
from unittest import mock

import diffusers
import torch
from diffusers import (
    AutoencoderTiny,
    DDIMScheduler,
    EulerDiscreteScheduler,
    LatentConsistencyModelPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)

from diffusers.models import Transformer2DModel
from transformers import CLIPTextModel, CLIPTokenizer

from record import Parts, decode, distance, guidance_embedding, recipe, test_picture


def condition(parts, used, count):
    embedding = guidance_embedding(parts, used.guidance_scale or 1.0)
    return None if embedding is None else embedding.expand(count, -1)


def parameters_matter(parts, stages, least=1e-4):
    """Every parameter moves its network's output by far more than the tolerances: asked of the gradient.

    A key's bias adds the same to every score of a query, which softmax ignores: those alone may be without effect.
    """
    hidden = stages["encoder_hidden_states"]
    generator = torch.Generator("cpu").manual_seed(0)
    embedding = stages.get("guidance_embedding")
    outputs = {
        parts.text_encoder: lambda: parts.text_encoder(stages["token_ids"]).last_hidden_state,
        parts.unet: lambda: parts.unet(
            stages["noise"], 999, hidden, timestep_cond=None if embedding is None else embedding.expand(len(hidden), -1)
        ).sample,
        parts.vae: lambda: torch.cat([decode(parts.vae, stages["latents"]).flatten() * 2.5, *encoded(parts.vae)]),
    }
    weakest = {}
    for model, run in outputs.items():
        model.requires_grad_(True)
        output = run()
        (output * torch.randn(output.shape, generator=generator)).sum().backward()
        for name, parameter in model.named_parameters():
            if name.endswith(("k_proj.bias", "to_k.bias")):
                continue
            if isinstance(model, AutoencoderTiny) and name.startswith("encoder."):
                continue
            # what changing the whole tensor by its own size would do, per output value
            effect = (parameter.grad * parameter).norm().item() / output.numel() ** 0.5
            weakest[f"{type(model).__name__} {name}"] = effect
        model.zero_grad()
        model.requires_grad_(False)
    lowest = sorted(weakest.items(), key=lambda item: item[1])[:3]
    print("   weakest parameters:", ", ".join(f"{name} {effect:.1e}" for name, effect in lowest))
    assert lowest[0][1] > least, f"{lowest[0][0]} hardly matters"


def encoded(vae):
    """What the encoder makes of a picture; nothing of a tiny autoencoder, of which the decoder alone is recorded."""
    return [] if isinstance(vae, AutoencoderTiny) else [vae.encode(test_picture(64, 64)).latent_dist.parameters.flatten()]


@torch.no_grad()
def squashing_matters(parts, stages, least=0.02):
    """A tiny decoder's picture would be another if its latents were not squashed first."""
    unsquashed = parts.vae.decoder.layers(stages["latents"]).mul(2).sub(1)
    moved = distance(unsquashed, stages["image"])
    print(f"   effect of squashing the latents: {moved:.2f}")
    assert moved > least, "squashing hardly matters"


@torch.no_grad()
def stages_matter(parts, stages, recipe_name, least=0.02):
    """The causal mask, the time, the prompt, the guidance and the norms' epsilons each change the result visibly."""
    used = recipe(recipe_name, parts.scheduler)
    seen, hidden = used.input_scale * stages["noise"], stages["encoder_hidden_states"]
    given = condition(parts, used, len(hidden))
    attend = torch.nn.functional.scaled_dot_product_attention

    def without_mask(query, key, value, *_, **options):
        return attend(query, key, value, scale=options.get("scale"))

    with mock.patch("torch.nn.functional.scaled_dot_product_attention", without_mask):
        unmasked = parts.text_encoder(stages["token_ids"]).last_hidden_state
    changes = {
        "causal mask": distance(unmasked, hidden),
        "time": distance(parts.unet(seen, 900, hidden, timestep_cond=given).sample, stages["epsilon"]),
        "prompt": distance(parts.unet(seen, used.timestep, hidden.flip(0), timestep_cond=given).sample, stages["epsilon"]),
    }
    if given is not None:
        other = parts.unet(seen, used.timestep, hidden, timestep_cond=0 * given).sample
        changes["guidance"] = distance(other, stages["epsilon"])
    print("   effect of", ", ".join(f"{what} {change:.2f}" for what, change in changes.items()))
    assert min(changes.values()) > least, changes

    def again():
        return parts.unet(seen, used.timestep, hidden, timestep_cond=given).sample

    entries = [m.norm for m in parts.unet.modules() if isinstance(m, Transformer2DModel)]
    others = [m for m in parts.unet.modules() if isinstance(m, torch.nn.GroupNorm) and m not in entries]
    ones = [m for m in parts.vae.modules() if isinstance(m, torch.nn.GroupNorm)]
    epsilon_matters("transformer entry", entries, 1e-5, again, stages["epsilon"])
    epsilon_matters("resnet", others, 1e-6, again, stages["epsilon"])
    if ones:
        epsilon_matters("VAE", ones, 1e-5, lambda: decode(parts.vae, stages["latents"]), stages["image"])


def epsilon_matters(what, norms, wrong, run, wanted, least=3e-5):
    right = [norm.eps for norm in norms]
    for norm in norms:
        norm.eps = wrong
    moved = distance(run(), wanted)
    for norm, eps in zip(norms, right):
        norm.eps = eps
    print(f"   effect of {wrong} as the {what} norms' epsilon: {moved:.1e}")
    assert moved > least, f"the epsilon of the {what} norms hardly matters"


@torch.no_grad()
def sd_turbo_is_euler(folder, stages, prompt, seed):
    """diffusers' own pipeline with its Euler scheduler, trailing, one step, no guidance."""
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="trailing"
    )
    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32, scheduler=scheduler)
    pipeline.set_progress_bar_config(disable=True)
    height, width = stages["image"].shape[-2:]

    def run(kind):
        generator = torch.Generator("cpu").manual_seed(seed)
        return pipeline(
            prompt, num_inference_steps=1, guidance_scale=0.0, height=height, width=width, generator=generator, output_type=kind
        ).images

    agree("sd-turbo latents", run("latent"), stages["latents"])
    same_pixels("sd-turbo", run("np"), stages["pixels"])


@torch.no_grad()
def lcm_is_the_pipeline(folder, stages, prompt, seed, width, height):
    """diffusers' Latent Consistency pipeline at one step with its default guidance."""
    pipeline = LatentConsistencyModelPipeline.from_pretrained(folder, torch_dtype=torch.float32, variant="fp16")
    pipeline.set_progress_bar_config(disable=True)

    def run(kind):
        generator = torch.Generator("cpu").manual_seed(seed)
        return pipeline(
            prompt, num_inference_steps=1, guidance_scale=8.5, height=height, width=width, generator=generator, output_type=kind
        ).images

    agree("lcm latents", run("latent"), stages["latents"])
    same_pixels("lcm", run("np"), stages["pixels"])


def is_predicted_original(scheduler, stages, timestep, used):
    """DDIM's predicted original sample is the formula's x0."""
    ddim = DDIMScheduler.from_config(scheduler.config, clip_sample=False)
    ddim.set_timesteps(1)
    step = ddim.step(stages["epsilon"], timestep, used.input_scale * stages["noise"])
    agree(used.name, step.pred_original_sample, stages["latents"])


@torch.no_grad()
def folder_gives_the_same(folder, stages, used, variants):
    """The parts as the libraries load them from the folder give the recorded stages: nothing was lost on the way."""
    text = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32, variant=variants.get("text_encoder"))
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32, variant=variants.get("unet"))
    index = json.loads((folder / "model_index.json").read_text("utf-8"))
    vae_class = getattr(diffusers, index["vae"][1])
    vae = vae_class.from_pretrained(folder / "vae", torch_dtype=torch.float32, variant=variants.get("vae"))
    scheduler = getattr(diffusers, index["scheduler"][1]).from_pretrained(folder / "scheduler")
    parts = Parts(CLIPTokenizer.from_pretrained(folder / "tokenizer"), text, unet, vae, scheduler)
    hidden = text(stages["token_ids"]).last_hidden_state
    seen = used.input_scale * stages["noise"]
    output = unet(seen, used.timestep, hidden, timestep_cond=condition(parts, used, len(hidden))).sample
    agree("reloaded hidden states", hidden, stages["encoder_hidden_states"])
    agree("reloaded epsilon", output, stages["epsilon"])
    agree("reloaded latents", recipe(used.name, scheduler).latents(stages["noise"], output), stages["latents"])
    agree("reloaded image", decode(vae, stages["latents"]), stages["image"], 1e-4)


def agree(what, ours, theirs, most=1e-5):
    apart = distance(ours, theirs)
    assert apart < most, f"{what}: {apart:.1e} apart"
    print(f"   {what}: {apart:.1e} apart")


def same_pixels(what, floats, pixels):
    """A picture from a diffusers pipeline against ours: at most a rounding apart."""
    theirs = torch.from_numpy((floats * 255).round()).to(torch.int64)
    apart = (theirs - pixels.to(torch.int64)).abs()
    assert apart.max() <= 1 and apart.double().mean() < 1e-3, f"{what}: pixels {apart.max()} apart"
