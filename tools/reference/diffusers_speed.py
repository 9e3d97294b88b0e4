"""Times one-step images by diffusers on the CPU: what docs/performance.md compares with.

    python diffusers_speed.py FOLDER [--size 512] [--threads 2] [--runs 3] [--dtype float32]

FOLDER is a checkpoint in the diffusers layout, which needs no tokenizer: the token ids are random. Eager PyTorch, the text
encoder, the UNet at t = 999 and the decoder, in the order and with the numbers of one network call; nothing is compiled.
"""

import argparse
import time
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel

ALPHA = 0.0047**0.5  # of scaled_linear's last timestep
SIGMA = (1 - ALPHA**2) ** 0.5


def resident(key):
    """Gigabytes (10^9 bytes), as Linux says."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024 / 1e9
    return float("nan")


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    dtype = getattr(torch, arguments.dtype)

    start = time.perf_counter()
    text = CLIPTextModel.from_pretrained(arguments.folder / "text_encoder", torch_dtype=dtype).eval()
    unet = UNet2DConditionModel.from_pretrained(arguments.folder / "unet", torch_dtype=dtype).eval()
    vae = AutoencoderKL.from_pretrained(arguments.folder / "vae", torch_dtype=dtype).eval()
    print(f"start {time.perf_counter() - start:.2f} s, peak {resident('VmHWM'):.2f} GB")

    generator = torch.Generator("cpu").manual_seed(42)
    side = arguments.size // 2 ** (len(vae.config.block_out_channels) - 1)
    for run in range(arguments.runs):
        ids = torch.randint(text.config.vocab_size, (1, text.config.max_position_embeddings), generator=generator)
        noise = torch.randn((1, unet.config.in_channels, side, side), generator=generator).to(dtype)
        marks = [time.perf_counter()]
        states = text(ids).last_hidden_state
        marks.append(time.perf_counter())
        predicted = unet(noise, 999, encoder_hidden_states=states).sample
        latents = (noise - SIGMA * predicted) / ALPHA
        marks.append(time.perf_counter())
        image = vae.decode(latents / vae.config.scaling_factor).sample
        pixels = ((image / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
        marks.append(time.perf_counter())
        stages = [after - before for before, after in zip(marks, marks[1:])]
        print(
            f"image {run}: text encoder {stages[0]:.2f} s, UNet {stages[1]:.2f} s, decoder {stages[2]:.2f} s,"
            f" in all {marks[-1] - marks[0]:.2f} s, {tuple(pixels.shape)}, peak {resident('VmHWM'):.2f} GB"
        )


if __name__ == "__main__":
    main()
