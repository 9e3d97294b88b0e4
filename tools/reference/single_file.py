"""Writes checkpoints as the single files that Stable Diffusion was first published in, and records which name became which.

    python single_file.py [--out FOLDER] [--keep FOLDER]

The names of the original code are spelled out here from its modules (openaimodel.UNetModel, diffusionmodules.model,
open_clip's TextTransformer). diffusers' own conversions then have to bring every file back, name by name and bit by bit,
and its pipeline to draw the same picture from the file as from the folder. Recorded, for the Java tests:

    sd1, sd2          the tiny checkpoints of checkpoints.py, whose files a test writes with these names
    full-sd1, full-sd2  Stable Diffusion 1.5 and 2.1 in full size, on PyTorch's meta device: names and shapes alone

Each is a list of [name in the single file, component, names in diffusers, shape]; of several names, each is a part of the
first dimension.
"""

import argparse
import gzip
import json
import shutil
import tempfile
import warnings
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.loaders import single_file_utils as diffusers_reads
from diffusers.utils import logging as diffusers_logging
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel
from transformers.utils import logging as transformers_logging

REFERENCE = Path(__file__).resolve().parents[2] / "swiftbrush-runtime/src/test/resources/reference"
OUT = REFERENCE.parent / "single-file"
UNET, VAE, CLIP, OPEN_CLIP = "model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer.", "cond_stage_model.model."


def both(old, new):
    """A layer's weight and bias."""
    return {f"{new}.{kind}": f"{old}.{kind}" for kind in ("weight", "bias")}


def unet_resnet(old, new):
    layers = {
        "in_layers.0": "norm1", "in_layers.2": "conv1", "emb_layers.1": "time_emb_proj",
        "out_layers.0": "norm2", "out_layers.3": "conv2", "skip_connection": "conv_shortcut",
    }
    return {k: v for o, n in layers.items() for k, v in both(f"{old}.{o}", f"{new}.{n}").items()}


def unet_names(tensors, layers, levels):
    """diffusers' name -> the original one. UNetModel numbers its blocks through; one that changes the size has a number down."""
    names = {
        **both("time_embed.0", "time_embedding.linear_1"), **both("time_embed.2", "time_embedding.linear_2"),
        **both("input_blocks.0.0", "conv_in"), **both("out.0", "conv_norm_out"), **both("out.2", "conv_out"),
        **unet_resnet("middle_block.0", "mid_block.resnets.0"), **unet_resnet("middle_block.2", "mid_block.resnets.1"),
    }
    attentions = {"mid_block.attentions.0": "middle_block.1"}
    number = 1
    for level in range(levels):
        for layer in range(layers):
            names.update(unet_resnet(f"input_blocks.{number}.0", f"down_blocks.{level}.resnets.{layer}"))
            attentions[f"down_blocks.{level}.attentions.{layer}"] = f"input_blocks.{number}.1"
            number += 1
        if level < levels - 1:
            names.update(both(f"input_blocks.{number}.0.op", f"down_blocks.{level}.downsamplers.0.conv"))
            number += 1
    number = 0
    for level in range(levels):
        attends = f"up_blocks.{level}.attentions.0.norm.weight" in tensors
        for layer in range(layers + 1):
            names.update(unet_resnet(f"output_blocks.{number}.0", f"up_blocks.{level}.resnets.{layer}"))
            attentions[f"up_blocks.{level}.attentions.{layer}"] = f"output_blocks.{number}.1"
            number += 1
        names.update(both(f"output_blocks.{number - 1}.{2 if attends else 1}.conv", f"up_blocks.{level}.upsamplers.0.conv"))
    for name in tensors:
        for new, old in attentions.items():
            if name.startswith(new + "."):
                names[name] = old + name[len(new):]  # SpatialTransformer's layers have the same names in both
    return {name: UNET + names[name] for name in tensors}


def vae_names(tensors, levels):
    names = dict()

    def resnet(old, new):
        for layer in ("norm1", "conv1", "norm2", "conv2"):
            names.update(both(f"{old}.{layer}", f"{new}.{layer}"))
        names.update(both(f"{old}.nin_shortcut", f"{new}.conv_shortcut"))

    for half in ("encoder", "decoder"):
        names.update(both(f"{half}.conv_in", f"{half}.conv_in"))
        names.update(both(f"{half}.conv_out", f"{half}.conv_out"))
        names.update(both(f"{half}.norm_out", f"{half}.conv_norm_out"))
        resnet(f"{half}.mid.block_1", f"{half}.mid_block.resnets.0")
        resnet(f"{half}.mid.block_2", f"{half}.mid_block.resnets.1")
        for old, new in {"norm": "group_norm", "q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0"}.items():
            names.update(both(f"{half}.mid.attn_1.{old}", f"{half}.mid_block.attentions.0.{new}"))
    for level in range(levels):
        for layer in range(9):
            resnet(f"encoder.down.{level}.block.{layer}", f"encoder.down_blocks.{level}.resnets.{layer}")
            resnet(f"decoder.up.{levels - 1 - level}.block.{layer}", f"decoder.up_blocks.{level}.resnets.{layer}")
        names.update(both(f"encoder.down.{level}.downsample.conv", f"encoder.down_blocks.{level}.downsamplers.0.conv"))
        names.update(both(f"decoder.up.{levels - 1 - level}.upsample.conv", f"decoder.up_blocks.{level}.upsamplers.0.conv"))
    names.update(both("quant_conv", "quant_conv"))
    names.update(both("post_quant_conv", "post_quant_conv"))
    return {name: VAE + names[name] for name in tensors}


def open_clip_names(layers):
    names = {
        "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
        "text_model.embeddings.position_embedding.weight": "positional_embedding",
        **both("ln_final", "text_model.final_layer_norm"),
    }
    for i in range(layers):
        old, new = f"transformer.resblocks.{i}", f"text_model.encoder.layers.{i}"
        for o, n in {
            "ln_1": "layer_norm1", "ln_2": "layer_norm2", "attn.out_proj": "self_attn.out_proj", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2",
        }.items():
            names.update(both(f"{old}.{o}", f"{new}.{n}"))
        for kind in ("weight", "bias"):
            for projection in "qkv":
                names[f"{new}.self_attn.{projection}_proj.{kind}"] = f"{old}.attn.in_proj_{kind}"
    return {name: OPEN_CLIP + old for name, old in names.items()}


def map_of(unet, vae, text, family, layers, levels, vae_levels, text_layers):
    """The list that is recorded, and the single file's tensors."""
    names = [("unet", unet_names(unet, layers, levels)), ("vae", vae_names(vae, vae_levels))]
    names.append(("text_encoder", {name: CLIP + name for name in text} if family == "sd1" else open_clip_names(text_layers)))
    tensors = {"unet": unet, "vae": vae, "text_encoder": text}
    parts = {}
    for component, each in names:
        assert set(each) == set(tensors[component]), set(each) ^ set(tensors[component])
        for new, old in each.items():
            parts.setdefault((old, component), []).append(new)
    rows, file = [], {}
    for (old, component), news in sorted(parts.items()):
        news = sorted(news, key=lambda name: "qkv".index(name.split("_proj.")[0][-1]) if len(news) > 1 else 0)
        tensor = torch.cat([tensors[component][new] for new in news])
        if component == "vae" and ".attn_1." in old and tensor.dim() == 2:
            tensor = tensor[:, :, None, None]  # the original's projections are 1x1 convolutions
        file[old] = tensor.contiguous()
        rows.append([old, component, news, list(tensor.shape)])
    return rows, file


def surplus(file, text_layers):
    """What a published file holds beside the networks: the last layer of OpenCLIP, its projection, the training's buffers."""
    more = {
        "model_ema.decay": torch.tensor(0.9999), "model_ema.num_updates": torch.tensor(7, dtype=torch.int32),
        "alphas_cumprod": torch.linspace(1, 0.005, 1000),
    }
    for name, tensor in file.items():
        if name.startswith(UNET):
            more["model_ema." + name[len("model."):].replace(".", "")] = torch.zeros_like(tensor)
    last = f"transformer.resblocks.{text_layers - 1}."
    for name, tensor in list(file.items()):
        if name.startswith(OPEN_CLIP + last):
            more[name.replace(last, f"transformer.resblocks.{text_layers}.")] = torch.ones_like(tensor)
    if OPEN_CLIP + "positional_embedding" in file:
        width = file[OPEN_CLIP + "positional_embedding"].shape[1]
        more[OPEN_CLIP + "text_projection"] = torch.ones(width, width)
        more[OPEN_CLIP + "logit_scale"] = torch.tensor(4.6)
    else:
        length = file[CLIP + "text_model.embeddings.position_embedding.weight"].shape[0]
        more[CLIP + "text_model.embeddings.position_ids"] = torch.arange(length).unsqueeze(0)
    return {**file, **more}


def same(expected, actual, what):
    actual = {name if name.startswith("text_model.") or what != "text_encoder" else "text_model." + name: t for name, t in actual.items()}
    actual.pop("text_model.embeddings.position_ids", None)
    actual.pop("text_projection.weight", None)
    actual.pop("text_model.text_projection.weight", None)
    assert set(actual) == set(expected), (what, sorted(set(actual) ^ set(expected))[:8])
    for name, tensor in expected.items():
        assert actual[name].shape == tensor.shape, (what, name)
        assert tensor.is_meta or torch.equal(actual[name], tensor), (what, name)


def brought_back(file, unet, vae, text, unet_model, vae_model, text_model, family, text_layers):
    """Holds diffusers' conversions of the single file against the tensors that it was made of."""
    same(unet, diffusers_reads.convert_ldm_unet_checkpoint(dict(file), unet_model.config), "unet")
    same(vae, diffusers_reads.convert_ldm_vae_checkpoint(dict(file), vae_model.config), "vae")
    if family == "sd1":
        same(text, diffusers_reads.convert_ldm_clip_checkpoint(dict(file)), "text_encoder")
        return
    # diffusers knows the last layer by its number in the full model
    known = diffusers_reads.SD_2_TEXT_ENCODER_KEYS_TO_IGNORE
    diffusers_reads.SD_2_TEXT_ENCODER_KEYS_TO_IGNORE = [key.replace(".23.", f".{text_layers}.") for key in known]
    same(text, diffusers_reads.convert_open_clip_checkpoint(text_model, dict(file)), "text_encoder")
    diffusers_reads.SD_2_TEXT_ENCODER_KEYS_TO_IGNORE = known


def draws_the_same(folder, file, text_layers):
    """The picture of diffusers' pipeline, from the file and from the folder."""
    known = diffusers_reads.SD_2_TEXT_ENCODER_KEYS_TO_IGNORE
    diffusers_reads.SD_2_TEXT_ENCODER_KEYS_TO_IGNORE = [key.replace(".23.", f".{text_layers}.") for key in known]
    pictures = []
    expected = StableDiffusionPipeline.from_pretrained(folder, local_files_only=True, torch_dtype=torch.float32)
    actual = StableDiffusionPipeline.from_single_file(
        str(file), config=str(folder), local_files_only=True, torch_dtype=torch.float32, tokenizer=expected.tokenizer,
        scheduler=expected.scheduler,
    )
    for pipeline in (expected, actual):
        pipeline.set_progress_bar_config(disable=True)
        generator = torch.Generator("cpu").manual_seed(3)
        pictures.append(
            pipeline("a photo of a cat", height=64, width=64, num_inference_steps=2, generator=generator, output_type="pt").images
        )
    diffusers_reads.SD_2_TEXT_ENCODER_KEYS_TO_IGNORE = known
    assert torch.equal(*pictures), (pictures[0] - pictures[1]).abs().max()



def tiny(name, out, keep):
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / name
        shutil.copytree(REFERENCE / name, folder)
        for file in folder.rglob("*.fp16.*"):  # the pipeline takes one variant of all parts
            file.rename(file.with_name(file.name.replace(".fp16", "")))
        unet_model = UNet2DConditionModel.from_pretrained(folder / "unet")
        vae_model = AutoencoderKL.from_pretrained(folder / "vae")
        text_model = CLIPTextModel.from_pretrained(folder / "text_encoder")
        unet, vae = unet_model.state_dict(), vae_model.state_dict()
        text = {n if n.startswith("text_model.") else "text_model." + n: t for n, t in text_model.state_dict().items()}
        text.pop("text_model.embeddings.position_ids", None)
        layers, levels = unet_model.config.layers_per_block, len(unet_model.config.block_out_channels)
        text_layers = text_model.config.num_hidden_layers
        rows, file = map_of(unet, vae, text, name, layers, levels, len(vae_model.config.block_out_channels), text_layers)
        whole = surplus(file, text_layers)
        path = Path(keep or scratch) / f"{name}.safetensors"
        save_file(whole, path)
        assert all(torch.equal(tensor, whole[n]) for n, tensor in load_file(path).items())
        brought_back(whole, unet, vae, text, unet_model, vae_model, text_model, name, text_layers)
        draws_the_same(folder, path, text_layers)
    write(out / f"{name}.json.gz", rows)


def full(name, out):
    """The configurations of Stable Diffusion 1.5 and 2.1-base, and of their text encoders."""
    sd1 = name == "sd1"
    four = ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",)
    with torch.device("meta"):
        unet_model = UNet2DConditionModel(
            sample_size=64, block_out_channels=(320, 640, 1280, 1280), layers_per_block=2, down_block_types=four,
            up_block_types=tuple(n.replace("Down", "Up") for n in reversed(four)),
            attention_head_dim=8 if sd1 else (5, 10, 20, 20), cross_attention_dim=768 if sd1 else 1024, use_linear_projection=not sd1,
        )
        vae_model = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512), down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4, layers_per_block=2,
        )
        size = dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_hidden_layers=12)
        if not sd1:
            size = dict(hidden_size=1024, intermediate_size=4096, num_attention_heads=16, num_hidden_layers=23)
        text_model = CLIPTextModel(CLIPTextConfig(**size))
    unet, vae = unet_model.state_dict(), vae_model.state_dict()
    text = {n if n.startswith("text_model.") else "text_model." + n: t for n, t in text_model.state_dict().items()}
    text.pop("text_model.embeddings.position_ids", None)
    text_layers = size["num_hidden_layers"]
    rows, file = map_of(unet, vae, text, name, 2, 4, 4, text_layers)
    brought_back(file, unet, vae, text, unet_model, vae_model, text_model, name, text_layers)
    write(out / f"full-{name}.json.gz", rows)


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"
    path.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
    print(f"{path.name}: {len(rows)} tensors, {path.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--keep", type=Path, help="folder to keep the tiny single files in")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    diffusers_logging.set_verbosity_error()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    diffusers_logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    for name in ("sd1", "sd2"):
        tiny(name, arguments.out, arguments.keep)
        full(name, arguments.out)


if __name__ == "__main__":
    main()
