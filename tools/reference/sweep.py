"""Makes random valid Stable-Diffusion-family checkpoints, each with its reference, for side-by-side runs by hand.

    python sweep.py --out FOLDER --count 50 --seed 1 [--rare] [--vocabulary open_clip_torch-3.3.0-py3-none-any.whl]

Folder NNNN depends on the seed and its number alone. reference.json says under "choices" what was drawn; with --rare also
settings of the UNet that Stable Diffusion checkpoints never use: a runtime must get them right or
refuse them by name.
"""

import argparse
import contextlib
import inspect
import io
import json
import random
import shutil
import time
import warnings
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, LCMScheduler, PNDMScheduler, UNet2DConditionModel
from diffusers.utils import logging as diffusers_logging
from transformers import CLIPTextConfig, CLIPTokenizer
from transformers.utils import logging as transformers_logging

import checks
import layout
import vocabulary
from checkpoints import MERGES, PROMPTS, SEEDS, save_text, text_encoder, unet_and_vae
from record import Recorder, recipe

DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
ACTIVATIONS = ["silu", "silu", "swish", "gelu", "mish", "relu"]


def text_choices(draw):
    heads = draw.choice([1, 2, 3, 4])
    length = draw.choice([77, 77, draw.randint(8, 76)])
    return dict(
        hidden_size=heads * draw.randint(4, 9),
        intermediate_size=draw.randint(16, 70),
        num_hidden_layers=draw.randint(1, 4),
        num_attention_heads=heads,
        hidden_act=draw.choice(["gelu", "quick_gelu"]),
        max_position_embeddings=length,
        layer_norm_eps=draw.choice([1e-5, 1e-5, 1e-4]),
        eos_token_id=draw.choice([2, vocabulary_size() - 1]),
    )


def vocabulary_size():
    return 512 + MERGES + 2


def unet_choices(draw, width, latent_channels, rare):
    levels = draw.choice([1, 2, 2, 3, 3, 3, 4, 4, 4])
    groups = draw.choice([1, 2, 2, 3, 4, 5])
    channels = [groups * draw.randint(max(2, 8 // groups), max(3, 24 // groups)) for _ in range(levels)]

    def by_level(most, one_in=2):
        if draw.randrange(one_in) == 0:
            return [draw.randint(1, most) for _ in range(levels)]
        return draw.randint(1, most)

    config = dict(
        sample_size=draw.choice([8, 16, [8, 24]]),
        in_channels=latent_channels,
        out_channels=latent_channels,
        block_out_channels=channels,
        norm_num_groups=groups,
        norm_eps=draw.choice([1e-5, 1e-5, 1e-6, 1e-4]),
        act_fn=draw.choice(ACTIVATIONS),
        down_block_types=[draw.choice(["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"]) for _ in channels],
        up_block_types=[draw.choice(["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"]) for _ in channels],
        attention_head_dim=by_level(min(min(channels), 6)),
        layers_per_block=by_level(2, 4),
        transformer_layers_per_block=by_level(2, 4),
        cross_attention_dim=width,
        use_linear_projection=draw.random() < 0.5,
        upcast_attention=draw.random() < 0.2,
        flip_sin_to_cos=draw.random() < 0.8,
        freq_shift=draw.choice([0, 0, 0, 1]),
        time_cond_proj_dim=draw.choice([None, None, None, 16, 27]),
    )
    unusual = {}
    if rare:
        several = dict(
            center_input_sample=True,
            mid_block_scale_factor=1.4,
            downsample_padding=0,
            conv_in_kernel=draw.choice([1, 5]),
            conv_out_kernel=draw.choice([1, 5]),
            time_embedding_dim=draw.choice([20, 48]),
            resnet_time_scale_shift="scale_shift",
            only_cross_attention=True,
            encoder_hid_dim=width,
            timestep_post_act="silu",
            time_embedding_act_fn="gelu",
            cross_attention_dim=[width] * levels,
            mid_block_type=draw.choice([None, "UNetMidBlock2D"]),
        )
        unusual = {key: several[key] for key in draw.sample(sorted(several), draw.randint(1, 2))}
        if "encoder_hid_dim" in unusual:
            unusual.pop("cross_attention_dim", None)
    return {**config, **unusual}, unusual


def vae_choices(draw, latent_channels):
    levels = draw.choice([2, 3, 4])
    groups = draw.choice([1, 2, 3, 4])
    return dict(
        block_out_channels=[groups * draw.randint(max(2, 4 // groups), max(3, 12 // groups)) for _ in range(levels)],
        down_block_types=["DownEncoderBlock2D"] * levels,
        up_block_types=["UpDecoderBlock2D"] * levels,
        layers_per_block=draw.choice([1, 1, 2]),
        norm_num_groups=groups,
        act_fn=draw.choice(ACTIVATIONS),
        latent_channels=latent_channels,
        scaling_factor=draw.choice([0.18215, 0.18215, 0.13025, round(draw.uniform(0.1, 2), 3)]),
        shift_factor=draw.choice([None, None, None, round(draw.uniform(-0.5, 0.5), 3)]),
        use_quant_conv=draw.random() < 0.8,
        use_post_quant_conv=draw.random() < 0.8,
        mid_block_add_attention=draw.random() < 0.8,
        sample_size=64,
    )


def scheduler_choice(draw, lcm, prediction):
    betas = draw.choice(
        [
            dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"),
            dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"),
            dict(beta_start=0.001, beta_end=0.011, beta_schedule="linear"),
        ]
    )
    if lcm:
        return LCMScheduler(**betas, prediction_type=prediction)
    if draw.random() < 0.5:
        return PNDMScheduler(**betas, skip_prk_steps=True, steps_offset=1, prediction_type=prediction)
    return DDIMScheduler(**betas, clip_sample=False, steps_offset=1, prediction_type=prediction)


def drop_defaults(draw, file, defaults):
    """Leaves keys out of a configuration that say what the class would assume anyway, as old checkpoints do."""
    config = json.loads(file.read_text("utf-8"))
    same = [key for key, value in config.items() if key in defaults and value == as_json(defaults[key])]
    dropped = same if draw.random() < 0.3 else draw.sample(same, draw.randint(0, len(same)))
    layout.edit_config(file, drop=dropped)
    return sorted(dropped)


def as_json(value):
    return list(value) if isinstance(value, tuple) else value


def parameters_of(constructor):
    return {name: p.default for name, p in inspect.signature(constructor).parameters.items() if p.default is not p.empty}


def tokenizer_files(draw, folder, merges, length):
    pad = draw.choice(["!", vocabulary.END])
    kind = draw.choice(["slow", "slow", "fast", "both"])
    if kind in ("fast", "both"):
        vocabulary.write_fast_files(folder, merges, pad, length)
    if kind in ("slow", "both"):  # both: older fast tokenizers save all five files
        vocabulary.write_slow_files(folder, merges, pad, length, stale_pad_in_config=kind == "slow" and draw.random() < 0.5)
    return kind, pad


def file_choices(draw):
    """How a model's file is stored: type, variant, shards."""
    dtype = draw.choice(list(DTYPES))
    return dtype, draw.choice([None, None, "fp16"]) if dtype == "F16" else None, draw.choice([None, None, "60KB"])


def make(number, seed, folder, merges, rare):
    """One checkpoint; a draw whose picture is unfit (grey, clipped, ill-conditioned) is drawn again."""
    for attempt in range(40):
        draw = random.Random(f"{seed}/{number}/{attempt}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            return draw_one(draw, folder, merges, rare)
        except Unfit:
            continue
    raise SystemExit(f"{folder}: nothing fit to compare with in 40 draws")


class Unfit(Exception):
    """The drawn weights make a picture that says little."""


def draw_one(draw, folder, merges, rare):
    text_config = text_choices(draw)
    length = text_config["max_position_embeddings"]
    if draw.random() < 0.1:
        length = max(6, length - draw.randint(1, 5))  # a tokenizer may stop before the text encoder must
    tokenizer_kind, pad = tokenizer_files(draw, folder / "tokenizer", merges, length)
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")

    latent_channels = draw.choice([4, 4, 4, 3, 5, 8])
    unet_config, unusual = unet_choices(draw, text_config["hidden_size"], latent_channels, rare)
    vae_config = vae_choices(draw, latent_channels)
    lcm = unet_config["time_cond_proj_dim"] is not None
    name = "lcm" if lcm else draw.choice(["swiftbrush"] * 3 + ["sd-turbo", "instaflow", "dmd2", "sid-lsg"])
    scheduler = scheduler_choice(draw, lcm, draw.choice(["epsilon"] * 3 + ["v_prediction"]))
    stored = {part: file_choices(draw) for part in ("text_encoder", "unet", "vae")}

    seed = draw.randrange(2**31)
    text = text_encoder(seed, DTYPES[stored["text_encoder"][0]], **text_config)
    step = 2 ** (len(vae_config["block_out_channels"]) + len(unet_config["block_out_channels"]) - 2)
    most = max(1, 96 // step)
    least = max(1, -(-16 // step))
    width, height = (step * draw.randint(least, max(least, most)) for _ in range(2))
    parts = unet_and_vae(
        seed + 1, tokenizer, text, scheduler, name, unet_config, DTYPES[stored["unet"][0]], vae_config,
        DTYPES[stored["vae"][0]], (width, height),
    )

    recorder = Recorder(folder.name, parts)
    try:
        first = recorder.case("first", name, PROMPTS, SEEDS, width, height)
        square = step * draw.randint(least, max(least, most))
        recorder.case("second", name, [draw.choice(["", "cat!!", "Ünïcode 🐈 猫"])], [draw.randrange(2**32)], square, square)
        recorder.encoder(step * 2, step * 3)
    except AssertionError as reason:
        raise Unfit from reason

    choices = {"tokenizer": tokenizer_kind, "pad_token": pad, "recipe": name, "rare": sorted(unusual)}
    choices.update({part: {"dtype": d, "variant": v, "shards": s is not None} for part, (d, v, s) in stored.items()})
    choices.update(save(draw, folder, parts, stored))
    size = unet_config["sample_size"]
    high, wide = size if isinstance(size, list) else (size, size)
    variants = {part: variant for part, (_, variant, _) in stored.items() if variant}
    if choices["vae_attention_names"] != "old as convolutions":  # diffusers itself does not read those
        with contextlib.redirect_stdout(io.StringIO()):
            checks.folder_gives_the_same(folder, first, recipe(name, scheduler), variants)
    recorder.write(
        folder,
        default_width=wide * parts.scale,
        default_height=high * parts.scale,
        variants=variants,
        choices=choices,
    )
    return name


def save(draw, folder, parts, stored):
    def arguments(part):
        dtype, variant, shards = stored[part]
        return DTYPES[dtype], variant, shards or "10GB"

    prefix, position_ids = draw.choice([(True, False), (True, True), (False, False)])
    save_text(parts.text_encoder, folder / "text_encoder", *arguments("text_encoder"), prefix, position_ids)
    layout.save_model(parts.unet, folder / "unet", *arguments("unet"))
    layout.save_model(parts.vae, folder / "vae", *arguments("vae"))
    names = draw.choice(["new", "new", "old", "old as convolutions"])
    if stored["vae"][2] is not None:
        names = "new"  # shards came after the old names; diffusers reads them together no more
    if names != "new":
        layout.rewrite_tensors(folder / "vae", layout.with_old_attention_names)
    if names == "old as convolutions":
        layout.rewrite_tensors(folder / "vae", layout.with_conv_attention)
    parts.scheduler.save_pretrained(folder / "scheduler")
    scheduler = type(parts.scheduler).__name__
    pipeline = "LatentConsistencyModelPipeline" if isinstance(parts.scheduler, LCMScheduler) else "StableDiffusionPipeline"
    layout.write_model_index(folder, pipeline, scheduler, "0.42.1", fast_tokenizer=draw.random() < 0.3)
    dropped = {
        "unet": drop_defaults(draw, folder / "unet/config.json", parameters_of(UNet2DConditionModel.__init__)),
        "vae": drop_defaults(draw, folder / "vae/config.json", parameters_of(AutoencoderKL.__init__)),
        "text_encoder": drop_defaults(draw, folder / "text_encoder/config.json", CLIPTextConfig().to_dict()),
        "scheduler": drop_defaults(
            draw, folder / "scheduler/scheduler_config.json", parameters_of(type(parts.scheduler).__init__)
        ),
    }
    return {"prefix": prefix, "position_ids": position_ids, "vae_attention_names": names, "dropped": dropped}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="number of the first folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rare", action="store_true", help="also settings that no Stable Diffusion checkpoint uses")
    parser.add_argument("--vocabulary", help="open-clip wheel or its vocabulary file; default: the installed open_clip")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    diffusers_logging.set_verbosity_error()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    diffusers_logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    merges = vocabulary.read_merges(arguments.vocabulary, MERGES)
    for number in range(arguments.first, arguments.first + arguments.count):
        started = time.monotonic()
        folder = arguments.out / f"{number:04d}"
        name = make(number, arguments.seed, folder, merges, arguments.rare)
        print(f"{folder.name} {name} {time.monotonic() - started:.1f}s", flush=True)


if __name__ == "__main__":
    main()
