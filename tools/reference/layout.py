"""Writes a checkpoint to a folder the way checkpoints on the hub are laid out, old and new."""

import json
import re
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from vocabulary import write_json

# What the configurations of Stable Diffusion 1.x and 2.x on the hub hold; newer libraries write many more keys.
OLD_UNET_KEYS = """_class_name _diffusers_version act_fn attention_head_dim block_out_channels center_input_sample
    cross_attention_dim down_block_types downsample_padding flip_sin_to_cos freq_shift in_channels layers_per_block
    mid_block_scale_factor norm_eps norm_num_groups out_channels sample_size up_block_types use_linear_projection""".split()
OLD_VAE_KEYS = """_class_name _diffusers_version act_fn block_out_channels down_block_types in_channels latent_channels
    layers_per_block norm_num_groups out_channels sample_size up_block_types""".split()

OLD_ATTENTION_NAMES = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def save_model(model, folder, dtype, variant=None, shard_size="10GB"):
    """Saves `model` as `dtype`; its values must already be rounded to it, so that nothing is lost."""
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    model.to(dtype).save_pretrained(folder, variant=variant, max_shard_size=shard_size)
    model.to(torch.float32)
    for name, parameter in model.named_parameters():
        assert torch.equal(before[name], parameter), f"{name} is not a {dtype} value"


def rewrite_tensors(folder, change):
    """Applies `change` (tensors by name -> the same) to every safetensors file in `folder` and fixes its index."""
    folder = Path(folder)
    where = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as opened:
            metadata = opened.metadata()
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}
        tensors = change(tensors)
        save_file(tensors, file, metadata=metadata)
        where.update({name: file.name for name in tensors})
    for file in folder.glob("*.index*.json"):
        index = json.loads(file.read_text("utf-8"))
        index["weight_map"] = dict(sorted(where.items()))
        write_json(file, index)


def with_text_model_prefix(tensors):
    """transformers 5 writes `encoder.layers...`; every checkpoint from before it has `text_model.encoder.layers...`."""
    return {name if name.startswith("text_model.") else "text_model." + name: t for name, t in tensors.items()}


def with_position_ids(tensors):
    """Checkpoints saved by transformers before 4.31 hold the numbers 0..length-1 as a tensor that nothing reads."""
    positions = tensors.get("text_model.embeddings.position_embedding.weight")
    if positions is None:  # in another shard
        return tensors
    ids = torch.arange(positions.shape[0], dtype=torch.int64).unsqueeze(0)
    return {**tensors, "text_model.embeddings.position_ids": ids}


def with_old_attention_names(tensors):
    """The VAE's attention as diffusers named it before 0.12: query, key, value, proj_attn."""
    old = {}
    for name, tensor in tensors.items():
        if ".attentions." in name:
            name = re.sub(r"\.(to_q|to_k|to_v|to_out\.0)\.", lambda m: f".{OLD_ATTENTION_NAMES[m[1]]}.", name)
        old[name] = tensor
    return old


def with_conv_attention(tensors):
    """The VAE's attention weights as the 1x1 convolutions they were before diffusers: [C, C, 1, 1]."""
    return {
        name: t[:, :, None, None].contiguous() if ".attentions." in name and t.dim() == 2 else t
        for name, t in tensors.items()
    }


def edit_config(file, keep=None, drop=(), **changes):
    file = Path(file)
    config = json.loads(file.read_text("utf-8"))
    if keep is not None:
        config = {key: value for key, value in config.items() if key in keep}
    config = {key: value for key, value in config.items() if key not in drop}
    config.update(changes)
    write_json(file, config)


def write_model_index(folder, pipeline, scheduler, version, fast_tokenizer=False, vae="AutoencoderKL"):
    """model_index.json; the safety checker and what belongs to it are there and null, as in real checkpoints."""
    index = {
        "_class_name": pipeline,
        "_diffusers_version": version,
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "scheduler": ["diffusers", scheduler],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizerFast" if fast_tokenizer else "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", vae],
    }
    write_json(Path(folder) / "model_index.json", index)
