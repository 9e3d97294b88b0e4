"""Outputs and gradients of the networks of the tiny checkpoints.

    python gradients.py

For each network: inputs, output, an upstream gradient u that is drawn as well, and what autograd makes of sum(output * u).
"""

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from diffusers.utils import logging

from golden import CHECKPOINTS, fingerprint, norm, normals, relative, rounded, worst, write

UNETS = {  # latents [h, w], timesteps
    "sd2": ((16, 16), (999, 20)),
    "sd1": ((8, 16), (0, 501)),
    "odd": ((12, 8), (980, 3)),
}
VAES = {"sd2": (16, 24), "sd1": (32, 16), "odd": (12, 16)}  # pixels [H, W]

TINY_VAES = {"taesd": (24, 16)}

UNET_KEPT = [
    "conv_in.weight",
    "time_embedding.linear_1.weight",
    "down_blocks.1.attentions.0.proj_in.weight",
    "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight",
    "down_blocks.1.attentions.0.transformer_blocks.0.norm2.weight",
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight",
    "mid_block.resnets.0.time_emb_proj.weight",
    "conv_norm_out.bias",
    "conv_out.bias",
]
ENCODER_KEPT = [
    "encoder.conv_in.weight",
    "encoder.down_blocks.0.downsamplers.0.conv.weight",
    "encoder.mid_block.attentions.0.to_q.weight",
    "encoder.conv_norm_out.weight",
    "quant_conv.weight",
]
DECODER_KEPT = [
    "post_quant_conv.weight",
    "decoder.conv_in.bias",
    "decoder.mid_block.attentions.0.to_out.0.weight",
    "decoder.up_blocks.0.upsamplers.0.conv.weight",
    "decoder.conv_out.weight",
]
TINY_DECODER_KEPT = [
    "decoder.layers.0.weight",
    "decoder.layers.2.conv.4.weight",
    "decoder.layers.5.weight",
    "decoder.layers.15.bias",
]


def differentiate(model, call, inputs, upstream, dtype):
    """The output for `inputs` and the gradients by input and by weight, all at `dtype`."""
    model.to(dtype).requires_grad_(True).zero_grad()
    leaves = {name: value.to(dtype, copy=True).requires_grad_(True) for name, value in inputs.items()}
    output = call(**leaves)
    output.backward(upstream.to(dtype))
    by_weight = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    return output.detach(), {n: leaf.grad for n, leaf in leaves.items()}, by_weight


def record(name, model, call, inputs, shape, seed, kept, extra, described):
    """Computes in float64 and records as float32, beside how far float32 arithmetic leads from it."""
    upstream = normals(seed, *shape)
    output, by_input, by_weight = differentiate(model, call, inputs, upstream, torch.float64)
    single = differentiate(model, call, inputs, upstream, torch.float32)
    zero = [n for n, value in by_weight.items() if norm(value) < 1e-9]  # a softmax does not see its keys' bias
    assert all(n.endswith("mid_block.attentions.0.to_k.bias") for n in zero), f"{name}: no gradient for {zero}"
    moved = {n: relative(single[2][n], value) for n, value in by_weight.items() if n not in zero}
    rounding = {
        "output": rounded(relative(single[0], output)),
        "by_input": rounded(worst(single[1], by_input)),
        "by_weight": rounded(max(moved.values())),
        "by_kept_weight": rounded(max(moved[n] for n in kept if n in moved)),
    }
    print(rounding)
    assert max(rounding.values()) < 5e-5, f"{name}: float32 alone moves it {rounding}"
    tensors = {**inputs, **extra, "output": output.float(), "upstream": upstream}
    tensors |= {f"gradient.{n}": value.float() for n, value in by_input.items()}
    tensors |= {f"gradient.{n}": by_weight[n].float() for n in kept if n in moved}
    gradients = {n: [*fingerprint(by_weight[n]), rounded(value)] for n, value in moved.items()}
    described |= {"float32_rounding": rounding, "no_gradient": zero, "gradients": gradients}
    write(f"gradients/{name}", tensors, described)


def unet(checkpoint, size, timesteps, seed):
    model = UNet2DConditionModel.from_pretrained(CHECKPOINTS / checkpoint / "unet", torch_dtype=torch.float32)
    channels, batch = model.config.in_channels, len(timesteps)
    t = torch.tensor(timesteps)
    inputs = {
        "sample": normals(seed, batch, channels, *size),
        "encoder_hidden_states": normals(seed + 1, batch, 7, model.config.cross_attention_dim),
    }

    def call(sample, encoder_hidden_states):
        return model(sample, t, encoder_hidden_states=encoder_hidden_states).sample

    described = {"checkpoint": checkpoint, "network": "unet"}
    record(
        f"{checkpoint}-unet", model, call, inputs, (batch, channels, *size), seed + 2, UNET_KEPT, {"timesteps": t}, described
    )


def vae(checkpoint, size, seed):
    model = AutoencoderKL.from_pretrained(CHECKPOINTS / checkpoint / "vae", torch_dtype=torch.float32)
    config = model.config
    scale = 2 ** (len(config.block_out_channels) - 1)
    latents = (2, config.latent_channels, size[0] // scale, size[1] // scale)
    moments = (2, 2 * latents[1], *latents[2:])

    def encode(image):
        return model.encode(image).latent_dist.parameters

    def decode(latents):
        return model.decode(latents / config.scaling_factor + (config.shift_factor or 0.0)).sample

    described = {"checkpoint": checkpoint, "network": "vae encoder"}
    image = {"image": normals(seed, 2, 3, *size).clamp(-1, 1)}
    record(f"{checkpoint}-encoder", model, encode, image, moments, seed + 1, ENCODER_KEPT, {}, described)
    described = {"checkpoint": checkpoint, "network": "vae decoder"}
    scaled = {"latents": config.scaling_factor * normals(seed + 2, *latents)}
    record(f"{checkpoint}-decoder", model, decode, scaled, (2, 3, *size), seed + 3, DECODER_KEPT, {}, described)


def tiny_vae(checkpoint, size, seed):
    """The decoder of a tiny autoencoder; nothing asks for its encoder."""
    model = AutoencoderTiny.from_pretrained(CHECKPOINTS / checkpoint / "vae", torch_dtype=torch.float32)
    scale = 2 ** (len(model.config.block_out_channels) - 1)
    latents = normals(seed, 2, model.config.latent_channels, size[0] // scale, size[1] // scale)

    def decode(latents):
        return model.decode(latents / model.config.scaling_factor + model.config.shift_factor).sample

    described = {"checkpoint": checkpoint, "network": "vae decoder"}
    record(
        f"{checkpoint}-decoder", model, decode, {"latents": latents}, (2, 3, *size), seed + 1, TINY_DECODER_KEPT, {}, described
    )


def main():
    torch.set_num_threads(1)  # one order of additions
    logging.set_verbosity_error()
    for n, (checkpoint, (size, timesteps)) in enumerate(UNETS.items()):
        unet(checkpoint, size, timesteps, 10_000 + 100 * n)
    for n, (checkpoint, size) in enumerate(VAES.items()):
        vae(checkpoint, size, 20_000 + 100 * n)
    for n, (checkpoint, size) in enumerate(TINY_VAES.items()):
        tiny_vae(checkpoint, size, 30_000 + 100 * n)


if __name__ == "__main__":
    main()
