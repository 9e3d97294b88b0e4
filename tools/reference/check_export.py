"""Holds exported students against diffusers: what the runtime drew from a folder, diffusers' own pipeline draws too.

Reads what `ExportsForTheReferenceTest` writes: in a folder for each teacher some students, each with a picture beside it
that carries its prompt and seed, and adapters for the first of them that another of them has merged. From the repository's
root:

    mvn -pl swiftbrush-train -am test -Dsurefire.failIfNoSpecifiedTests=false -Dtest=ExportsForTheReferenceTest \\
        -Dswiftbrush.exports=/tmp/exports
    venv/bin/python tools/reference/check_export.py /tmp/exports
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from safetensors import safe_open
from transformers.utils import logging as transformers_logging

from checks import agree
from record import Parts, decode, draw_noise, to_pixels


def load(folder):
    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    assert type(pipeline.scheduler) is DDIMScheduler and pipeline.safety_checker is None
    return pipeline


def parts(pipeline):
    return Parts(pipeline.tokenizer, pipeline.text_encoder, pipeline.unet, pipeline.vae, pipeline.scheduler)


def draw(pipeline, picture, guidance_scale):
    """One step from the noise of the picture's seed; the latents behind the picture, too."""
    width, height = picture.size
    noise = draw_noise(parts(pipeline), [int(picture.info["seed"])], width, height)

    def run(kind):
        return pipeline(
            picture.info["prompt"],
            num_inference_steps=1,
            guidance_scale=guidance_scale,
            width=width,
            height=height,
            latents=noise,
            output_type=kind,
        ).images

    latents = run("latent")
    if pipeline.vae.config.shift_factor:  # of which this pipeline knows nothing
        return noise, latents, to_pixels(decode(pipeline.vae, latents)).numpy()
    return noise, latents, (run("np") * 255).round().astype(np.int64)


def formula(pipeline, picture, noise):
    """x0 from the prediction and the exact schedule, without any scheduler's step."""
    ids = pipeline.tokenizer(
        picture.info["prompt"], padding="max_length", max_length=pipeline.tokenizer.model_max_length, truncation=True,
        return_tensors="pt",
    ).input_ids
    states = pipeline.text_encoder(ids).last_hidden_state
    last = pipeline.scheduler.config.num_train_timesteps - 1
    output = pipeline.unet(noise, last, encoder_hidden_states=states).sample
    alpha_squared = pipeline.scheduler.alphas_cumprod[last]
    alpha, sigma = alpha_squared.sqrt(), (1 - alpha_squared).sqrt()
    if pipeline.scheduler.config.prediction_type == "v_prediction":
        return alpha * noise - sigma * output
    return (noise - sigma * output) / alpha


def same(what, ours, theirs):
    apart = np.abs(ours.astype(np.int64) - theirs)
    assert apart.max() <= 1 and apart.mean() < 1e-2, f"{what}: pixels up to {apart.max()}, on average {apart.mean()} apart"
    print(f"   {what}: pixels at most {apart.max()} of 255 apart, {apart.mean():.1e} on average")


def check_student(folder, name):
    pipeline = load(folder / name)
    picture = Image.open(folder / f"{name}.png")
    picture.load()
    assert picture.info["recipe"] == "swiftbrush-distilled"
    ours = np.asarray(picture)[None]
    for guidance_scale in (0.0, 1.0):
        noise, latents, theirs = draw(pipeline, picture, guidance_scale)
        assert pipeline.scheduler.timesteps.tolist() == [999]
        same(f"{name}, guidance_scale={guidance_scale:.0f}", ours, theirs)
    expected = formula(pipeline, picture, noise)
    agree(f"{name}: DDIM's step and the formula", latents, expected)
    same(f"{name}, by the formula", ours, to_pixels(decode(pipeline.vae, expected)).numpy())
    assert ours.std() > 15, "the picture is grey"
    return picture, latents


def check_adapters(folder, picture, plain, merged):
    """load_lora_weights gives what merging gave, which neither a missing adapter nor an alpha of the rank does."""
    with safe_open(folder / "lora/pytorch_lora_weights.safetensors", "pt") as opened:
        metadata = json.loads(opened.metadata()["lora_adapter_metadata"])
        tensors = {key: opened.get_tensor(key) for key in opened.keys()}
    assert metadata["unet.lora_alpha"] != metadata["unet.r"]
    pipeline = load(folder / "student")
    pipeline.load_lora_weights(folder / "lora", adapter_name="lora")
    layers = [m for m in pipeline.unet.modules() if hasattr(m, "lora_A") and "lora" in m.lora_A]
    assert 2 * len(layers) == len(tensors), f"{len(layers)} layers for {len(tensors)} tensors"
    assert all(layer.scaling["lora"] == metadata["unet.lora_alpha"] / metadata["unet.r"] for layer in layers)
    agree("adapters loaded and merged", draw(pipeline, picture, 0.0)[1], merged, 2e-5)
    for what, other in {"no adapters": plain, "an alpha of the rank": without_alpha(folder, tensors, picture)}.items():
        moved = ((other - merged).abs().max() / merged.std()).item()
        print(f"   {what}: {moved:.2f} apart")
        assert moved > 0.01


def without_alpha(folder, tensors, picture):
    pipeline = load(folder / "student")
    pipeline.load_lora_weights(dict(tensors), adapter_name="lora")
    return draw(pipeline, picture, 0.0)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exports", type=Path, help="the folder that -Dswiftbrush.exports named")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    diffusers_logging.set_verbosity_error()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    diffusers_logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    folders = sorted(path for path in arguments.exports.iterdir() if path.is_dir())
    assert folders, f"nothing in {arguments.exports}"
    for folder in folders:
        print(folder.name)
        picture, plain = check_student(folder, "student")
        check_student(folder, "student-f16")
        _, merged = check_student(folder, "merged")
        check_adapters(folder, picture, plain, merged)


if __name__ == "__main__":
    main()
