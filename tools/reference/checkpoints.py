"""Makes the tiny random checkpoints that the Java tests compare with, and records what diffusers makes of them.

    python checkpoints.py [--out FOLDER] [--vocabulary open_clip_torch-3.3.0-py3-none-any.whl] [name ...]
"""

import argparse
import shutil
import warnings
from pathlib import Path

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, DDIMScheduler, LCMScheduler, PNDMScheduler, UNet2DConditionModel
from diffusers.utils import logging as diffusers_logging
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
from transformers.utils import logging as transformers_logging

import checks
import layout
import vocabulary
import weights
from record import Parts, Recorder, draw_noise, recipe, test_picture, tokenise

RESOURCES = Path(__file__).resolve().parents[2] / "swiftbrush-runtime/src/test/resources/reference"
MERGES = 200
VOCABULARY = 512 + MERGES + 2
PROMPTS = ["a photo of a cat in the snow!", "An old man, reading; by the sea. " * 12]
SEEDS = [42, 2_147_483_659]


def text_encoder(seed, dtype, **config):
    model = CLIPTextModel(CLIPTextConfig(vocab_size=VOCABULARY, **config)).eval().requires_grad_(False)
    weights.randomise(model, seed)
    weights.round_to(model, dtype)
    return model


@torch.no_grad()
def unet_and_vae(
    seed, tokenizer, text, scheduler, recipe_name, unet_config, unet_dtype, vae_config, vae_dtype, size, vae_class=AutoencoderKL
):
    """Draws both, makes the UNet's output about one and the picture about mid-range, and rounds to the stored types."""
    unet = UNet2DConditionModel(**unet_config).eval().requires_grad_(False)
    vae = vae_class(**vae_config).eval().requires_grad_(False)
    weights.randomise(unet, seed)
    weights.randomise(vae, seed + 1)
    parts = Parts(tokenizer, text, unet, vae, scheduler)
    used = recipe(recipe_name, scheduler)
    hidden = text(tokenise(tokenizer, PROMPTS)).last_hidden_state
    noise = draw_noise(parts, SEEDS, *size)
    condition = checks.condition(parts, used, len(SEEDS))

    def run():
        return unet(used.input_scale * noise, used.timestep, hidden, timestep_cond=condition).sample

    weights.calibrate_unet(unet, run)
    weights.round_to(unet, unet_dtype)
    latents = used.latents(noise, run()) / vae.config.scaling_factor + (vae.config.shift_factor or 0.0)
    if vae_class is AutoencoderTiny:
        weights.calibrate_tiny_decoder(vae, latents)
    else:
        weights.calibrate_decoder(vae, latents)
        weights.calibrate_encoder(vae, test_picture(*size))
    weights.round_to(vae, vae_dtype)
    return parts


def save_text(model, folder, dtype, variant=None, shard_size="10GB", prefix=True, position_ids=False, **config):
    layout.save_model(model, folder, dtype, variant, shard_size)
    if prefix:
        layout.rewrite_tensors(folder, layout.with_text_model_prefix)
    if position_ids:
        layout.rewrite_tensors(folder, layout.with_position_ids)
    layout.edit_config(folder / "config.json", **config)


def finish(folder, recorder, first, width, height, **variants):
    checks.folder_gives_the_same(folder, first, recipe(recorder.cases[0]["recipe"]["name"], recorder.parts.scheduler), variants)
    recorder.write(folder, default_width=width, default_height=height, variants=variants)


def sd2(folder, merges):
    """Stable Diffusion 2.x: exact gelu, pad token "!", linear projections, heads by level; float32."""
    vocabulary.write_slow_files(folder / "tokenizer", merges, "!", 77, stale_pad_in_config=True)
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    text = text_encoder(
        200, torch.float32, hidden_size=18, intermediate_size=40, num_hidden_layers=3, num_attention_heads=3, hidden_act="gelu"
    )
    scheduler = PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
    )
    parts = unet_and_vae(
        201, tokenizer, text, scheduler, "swiftbrush",
        dict(
            sample_size=16,
            block_out_channels=(8, 8, 12, 12),
            layers_per_block=1,
            norm_num_groups=2,
            down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
            up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
            attention_head_dim=(1, 2, 4, 4),
            cross_attention_dim=18,
            use_linear_projection=True,
        ),
        torch.float32,
        dict(
            block_out_channels=(8, 8, 8),
            down_block_types=("DownEncoderBlock2D",) * 3,
            up_block_types=("UpDecoderBlock2D",) * 3,
            layers_per_block=1,
            norm_num_groups=4,
            sample_size=64,
        ),
        torch.float32, (64, 64),
    )
    save_text(
        text, folder / "text_encoder", torch.float32, position_ids=True,
        drop=["dtype"], torch_dtype="float32", transformers_version="4.25.0.dev0", bos_token_id=0, eos_token_id=2,
    )
    layout.save_model(parts.unet, folder / "unet", torch.float32)
    layout.save_model(parts.vae, folder / "vae", torch.float32)
    layout.rewrite_tensors(folder / "vae", layout.with_old_attention_names)
    layout.edit_config(
        folder / "unet/config.json", layout.OLD_UNET_KEYS, _diffusers_version="0.10.0.dev0",
        dual_cross_attention=False, num_class_embeds=None, only_cross_attention=False,
    )
    layout.edit_config(folder / "vae/config.json", layout.OLD_VAE_KEYS, _diffusers_version="0.10.0.dev0")
    scheduler.save_pretrained(folder / "scheduler")
    layout.edit_config(folder / "scheduler/scheduler_config.json", drop=["timestep_spacing"], clip_sample=False)
    layout.write_model_index(folder, "StableDiffusionPipeline", "PNDMScheduler", "0.10.0.dev0")

    recorder = Recorder("sd2", parts)
    square = recorder.case("square", "swiftbrush", PROMPTS, SEEDS, 64, 64)
    checks.parameters_matter(parts, square)
    checks.stages_matter(parts, square, "swiftbrush")
    recorder.case("wide", "swiftbrush", PROMPTS[1:], [7], 64, 32)
    turbo = recorder.case("sd-turbo", "sd-turbo", PROMPTS[:1], [1234], 32, 32)
    checks.sd_turbo_is_euler(folder, turbo, PROMPTS[0], 1234)
    sid = recorder.case("sid-lsg", "sid-lsg", PROMPTS[:1], [5], 32, 32)
    checks.is_predicted_original(scheduler, sid, 625, recipe("sid-lsg", scheduler))
    recorder.encoder(64, 32)
    finish(folder, recorder, square, 64, 64)


def sd1(folder, merges):
    """Stable Diffusion 1.x: quick_gelu, pads with the end token, convolutions as projections; float16, sharded UNet."""
    vocabulary.write_slow_files(folder / "tokenizer", merges, vocabulary.END, 77)
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    text = text_encoder(
        100, torch.float16, hidden_size=16, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2
    )
    scheduler = PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
    )
    parts = unet_and_vae(
        101, tokenizer, text, scheduler, "swiftbrush",
        dict(
            sample_size=8,
            block_out_channels=(8, 12, 12),
            layers_per_block=2,
            norm_num_groups=4,
            down_block_types=("CrossAttnDownBlock2D",) * 2 + ("DownBlock2D",),
            up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 2,
            attention_head_dim=4,
            cross_attention_dim=16,
        ),
        torch.float16,
        dict(
            block_out_channels=(8, 8, 8, 8),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=1,
            norm_num_groups=4,
            sample_size=64,
        ),
        torch.float32, (64, 64),
    )
    save_text(
        text, folder / "text_encoder", torch.float16, variant="fp16",
        drop=["dtype"], torch_dtype="float16", transformers_version="4.19.2", bos_token_id=0, eos_token_id=2,
    )
    layout.save_model(parts.unet, folder / "unet", torch.float16, shard_size="100KB")
    layout.save_model(parts.vae, folder / "vae", torch.float32)
    layout.rewrite_tensors(folder / "vae", layout.with_old_attention_names)
    layout.edit_config(
        folder / "unet/config.json", set(layout.OLD_UNET_KEYS) - {"use_linear_projection"}, _diffusers_version="0.6.0"
    )
    layout.edit_config(folder / "vae/config.json", layout.OLD_VAE_KEYS, _diffusers_version="0.6.0")
    scheduler.save_pretrained(folder / "scheduler")
    layout.edit_config(
        folder / "scheduler/scheduler_config.json", drop=["timestep_spacing", "prediction_type"], clip_sample=False
    )
    layout.write_model_index(folder, "StableDiffusionPipeline", "PNDMScheduler", "0.6.0")

    recorder = Recorder("sd1", parts)
    square = recorder.case("square", "swiftbrush", PROMPTS, SEEDS, 64, 64)
    checks.parameters_matter(parts, square)
    checks.stages_matter(parts, square, "swiftbrush")
    recorder.case("tall", "swiftbrush", PROMPTS[:1], [7], 32, 64)
    recorder.case("instaflow", "instaflow", PROMPTS[:1], [1234], 32, 32, least_std=10)
    dmd2 = recorder.case("dmd2", "dmd2", PROMPTS[:1], [5], 32, 32)
    checks.is_predicted_original(scheduler, dmd2, 999, recipe("dmd2", scheduler))
    recorder.encoder(48, 32)
    finish(folder, recorder, square, 64, 64, text_encoder="fp16")


def odd(folder, merges):
    """Everything unusual that diffusers accepts at once; bfloat16, tokenizer.json, keys as transformers 5 writes them."""
    length = 20
    vocabulary.write_fast_files(folder / "tokenizer", merges, vocabulary.END, length)
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    text = text_encoder(
        300, torch.bfloat16, hidden_size=20, intermediate_size=36, num_hidden_layers=2, num_attention_heads=5,
        hidden_act="gelu", max_position_embeddings=length, layer_norm_eps=1e-4,
    )
    scheduler = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="linear", clip_sample=False, prediction_type="v_prediction",
        timestep_spacing="trailing",
    )
    parts = unet_and_vae(
        301, tokenizer, text, scheduler, "swiftbrush",
        dict(
            sample_size=(16, 24),
            in_channels=5,
            out_channels=5,
            block_out_channels=(15, 10, 20),  # an odd first count pads the timestep embedding with a zero
            layers_per_block=(1, 2, 1),
            norm_num_groups=5,
            norm_eps=1e-4,
            act_fn="gelu",
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "CrossAttnUpBlock2D"),
            attention_head_dim=(5, 3, 6),  # 10 / 3 and 20 / 6 leave a remainder: the inner widths are 9 and 18
            transformer_layers_per_block=(1, 2, 1),
            cross_attention_dim=20,
            use_linear_projection=True,
            flip_sin_to_cos=False,
            freq_shift=1,
        ),
        torch.bfloat16,
        dict(
            block_out_channels=(6, 9),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            layers_per_block=1,
            latent_channels=5,
            norm_num_groups=3,
            act_fn="mish",
            sample_size=48,
            scaling_factor=0.731,
            shift_factor=0.25,
            use_quant_conv=False,
            use_post_quant_conv=False,
            mid_block_add_attention=False,
        ),
        torch.bfloat16, (48, 32),
    )
    save_text(text, folder / "text_encoder", torch.bfloat16, prefix=False)
    layout.save_model(parts.unet, folder / "unet", torch.bfloat16)
    layout.save_model(parts.vae, folder / "vae", torch.bfloat16)
    scheduler.save_pretrained(folder / "scheduler")
    layout.write_model_index(folder, "StableDiffusionPipeline", "DDIMScheduler", "0.42.1", fast_tokenizer=True)

    recorder = Recorder("odd", parts)
    square = recorder.case("wide", "dmd2", PROMPTS, SEEDS, 48, 32, least_std=10)
    checks.parameters_matter(parts, square)
    checks.stages_matter(parts, square, "dmd2")
    checks.is_predicted_original(scheduler, square, 999, recipe("dmd2", scheduler))
    recorder.case("tall", "dmd2", PROMPTS[:1], [7], 32, 56, least_std=10)
    recorder.case("swiftbrush", "swiftbrush", PROMPTS[:1], [5], 48, 48)
    recorder.encoder(40, 32)
    finish(folder, recorder, square, 48, 32)


def lcm(folder, merges):
    """A Latent Consistency Model without a mid block; every weight file is an fp16 variant, the UNet's in shards.

    Its scheduler leaves out the betas, whose defaults are not those of DDIM.
    """
    vocabulary.write_slow_files(folder / "tokenizer", merges, vocabulary.END, 77)
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    text = text_encoder(
        400, torch.float16, hidden_size=16, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4
    )
    scheduler = LCMScheduler()
    parts = unet_and_vae(
        401, tokenizer, text, scheduler, "lcm",
        dict(
            sample_size=12,
            block_out_channels=(12, 16),
            layers_per_block=1,
            norm_num_groups=2,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            attention_head_dim=6,
            cross_attention_dim=16,
            time_cond_proj_dim=32,
            act_fn="mish",
            mid_block_type=None,
        ),
        torch.float16,
        dict(
            block_out_channels=(8, 8, 12),
            down_block_types=("DownEncoderBlock2D",) * 3,
            up_block_types=("UpDecoderBlock2D",) * 3,
            layers_per_block=1,
            norm_num_groups=4,
            sample_size=48,
        ),
        torch.float16, (48, 48),
    )
    save_text(text, folder / "text_encoder", torch.float16, variant="fp16")
    layout.save_model(parts.unet, folder / "unet", torch.float16, variant="fp16", shard_size="60KB")
    layout.save_model(parts.vae, folder / "vae", torch.float16, variant="fp16")
    scheduler.save_pretrained(folder / "scheduler")
    layout.edit_config(folder / "scheduler/scheduler_config.json", drop=["beta_start", "beta_end", "beta_schedule"])
    layout.write_model_index(folder, "LatentConsistencyModelPipeline", "LCMScheduler", "0.42.1")

    recorder = Recorder("lcm", parts)
    square = recorder.case("square", "lcm", PROMPTS, SEEDS, 48, 48)
    checks.parameters_matter(parts, square)
    checks.stages_matter(parts, square, "lcm")
    tall = recorder.case("tall", "lcm", PROMPTS[:1], [7], 40, 56)
    checks.lcm_is_the_pipeline(folder, tall, PROMPTS[0], 7, 40, 56)
    recorder.encoder(32, 48)
    finish(folder, recorder, square, 48, 48, text_encoder="fp16", unet="fp16", vae="fp16")


def taesd(folder, merges):
    """A tiny autoencoder (the layout of TAESD) in the place of the ordinary one; float16."""
    vocabulary.write_slow_files(folder / "tokenizer", merges, vocabulary.END, 77)
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    text = text_encoder(
        500, torch.float16, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2
    )
    scheduler = PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
    )
    parts = unet_and_vae(
        501, tokenizer, text, scheduler, "instaflow",
        dict(
            sample_size=8,
            block_out_channels=(8, 12),
            layers_per_block=1,
            norm_num_groups=4,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            attention_head_dim=2,
            cross_attention_dim=16,
        ),
        torch.float16,
        dict(
            encoder_block_out_channels=(8, 8, 8, 8),
            decoder_block_out_channels=(8, 8, 8, 8),
            num_encoder_blocks=(1, 1, 1, 1),
            num_decoder_blocks=(2, 3, 1, 1),
        ),
        torch.float16, (64, 64), AutoencoderTiny,
    )
    save_text(text, folder / "text_encoder", torch.float16)
    layout.save_model(parts.unet, folder / "unet", torch.float16)
    layout.save_model(parts.vae, folder / "vae", torch.float16)
    scheduler.save_pretrained(folder / "scheduler")
    layout.write_model_index(folder, "StableDiffusionPipeline", "PNDMScheduler", "0.42.1", vae="AutoencoderTiny")

    recorder = Recorder("taesd", parts)
    square = recorder.case("square", "instaflow", PROMPTS, SEEDS, 64, 64)
    checks.parameters_matter(parts, square)
    checks.stages_matter(parts, square, "instaflow")
    sid = recorder.case("tall", "sid-lsg", PROMPTS[:1], [7], 32, 64)
    checks.squashing_matters(parts, sid)
    turbo = recorder.case("sd-turbo", "sd-turbo", PROMPTS[:1], [1234], 32, 32)
    checks.sd_turbo_is_euler(folder, turbo, PROMPTS[0], 1234)
    finish(folder, recorder, square, 64, 64)


ALL = {"sd2": sd2, "sd1": sd1, "odd": odd, "lcm": lcm, "taesd": taesd}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESOURCES)
    parser.add_argument("--vocabulary", help="open-clip wheel or its vocabulary file; default: the installed open_clip")
    parser.add_argument("names", nargs="*", default=list(ALL), help=f"of {', '.join(ALL)}")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # one order of additions
    diffusers_logging.set_verbosity_error()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    diffusers_logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    merges = vocabulary.read_merges(arguments.vocabulary, MERGES)
    for name in arguments.names or ALL:
        folder = arguments.out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        ALL[name](folder, merges)
        size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
        print(f"{name}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
