"""Records the stages of a checkpoint of full size, for a side-by-side run by hand.

    python fullsize.py FOLDER [--width 256] [--height 256] [--recipe swiftbrush]

FOLDER is a checkpoint in the diffusers layout, which needs no tokenizer: the token ids are random. Writes
reference.safetensors and reference.json into it, in the form of checkpoints.py, pixels left out. One network is in memory
at a time, in float64 at last: 11 GB for Stable Diffusion 2.
"""

import argparse
import copy
from dataclasses import asdict
from pathlib import Path

import torch
from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModel

from record import decode, distance, encode, recipe, test_picture
from vocabulary import write_json

SEED = 42


def run(model, call, rounding, stage):
    """What `call` makes of the model, and how far float32 is from float64."""
    model = model.eval().requires_grad_(False)
    value = call(model, torch.float32)
    rounding[stage] = float(f"{distance(value, call(model.double(), torch.float64)):.1e}")
    print(f"{stage}: standard deviation {value.std():.3g}, float32 against float64 {rounding[stage]}", flush=True)
    return value.contiguous()


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--recipe", default="swiftbrush")
    arguments = parser.parse_args()
    folder, rounding = arguments.folder, {}
    used = recipe(arguments.recipe, PNDMScheduler.from_pretrained(folder / "scheduler"))

    text = CLIPTextModel.from_pretrained(folder / "text_encoder", torch_dtype=torch.float32)
    generator = torch.Generator("cpu").manual_seed(SEED)
    shape = (1, text.config.max_position_embeddings)
    ids = torch.randint(text.config.vocab_size, shape, generator=generator)
    hidden = run(text, lambda model, _: model(ids).last_hidden_state, rounding, "encoder_hidden_states")
    del text

    vae = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32)
    scale = 2 ** (len(vae.config.block_out_channels) - 1)
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32)
    generator = torch.Generator("cpu").manual_seed(SEED)
    shape = (1, unet.config.in_channels, arguments.height // scale, arguments.width // scale)
    noise = torch.randn(shape, generator=generator)

    def predict(model, dtype):
        return model((used.input_scale * noise).to(dtype), used.timestep, hidden.to(dtype)).sample

    epsilon = run(unet, predict, rounding, "epsilon")
    del unet
    latents = used.latents(noise, epsilon)
    picture = test_picture(arguments.width, arguments.height)
    moments = run(
        copy.deepcopy(vae), lambda model, dtype: encode(model, picture.to(dtype))["moments"], rounding, "moments"
    )
    image = run(vae, lambda model, dtype: decode(model, latents.to(dtype)), rounding, "image")

    tensors = {
        "full.token_ids": ids,
        "full.encoder_hidden_states": hidden,
        "full.noise": noise,
        "full.epsilon": epsilon,
        "full.latents": latents,
        "full.image": image,
        "encoder.image": picture,
        "encoder.moments": moments,
    }
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "reference.safetensors")
    case = {"name": "full", "recipe": asdict(used), "seeds": [SEED], "float32_rounding": rounding}
    case.update(width=arguments.width, height=arguments.height)
    write_json(folder / "reference.json", {"checkpoint": folder.name, "cases": [case]})


if __name__ == "__main__":
    main()
