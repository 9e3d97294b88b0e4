"""Random weights under which a wrong implementation shows.

Left as libraries initialise them, norms would be ones and zeros, attention nearly uniform and the residual stream so
large that neither a norm's epsilon nor a block's contribution could be seen. Here every parameter is drawn, queries and
keys are strong, and what is written to a residual stream is small (about 0.05), so that 1e-5 against 1e-6 under a
square root makes a difference of a thousandth.
"""

import math
import re

import torch

# (pattern of the name, standard deviation of the layer's output for inputs of size one); the first match counts
GAINS = [
    (r"(^|\.)conv_in$", 0.05),
    (r"time_embedding\.linear_[12]$", 1.2),
    (r"time_embedding\.cond_proj$", 1.0),
    (r"time_emb_proj$", 0.05),
    (r"\.conv[12]$", 0.05),
    (r"proj_in$", 0.05),
    (r"\.attentions\.\d+\.(to_q|to_k)$", 2.0),  # the VAE's only attention
    (r"\.attentions\.\d+\.to_out\.0$", 0.15),
    (r"\.(to_q|to_k|q_proj|k_proj)$", 1.2),
    (r"\.(to_out\.0|out_proj)$", 0.05),
    (r"\.(ff\.net\.0\.proj|fc1)$", 1.2),
    (r"\.(ff\.net\.2|fc2)$", 0.1),
    (r"\.layers\.\d+\.conv\.[02]$", 1.4),  # a tiny autoencoder's blocks, whose activations halve the variance
    (r"\.layers\.\d+\.conv\.4$", 0.5),
    (r"token_embedding$", 0.05),
    (r"position_embedding$", 0.03),
    (r"", 1.0),
]


def randomise(model, seed):
    """Draws every parameter of `model` from `seed`, in the order of the sorted names."""
    generator = torch.Generator("cpu").manual_seed(seed)
    modules = dict(model.named_modules())
    for name, parameter in sorted(model.named_parameters()):
        owner, kind = name.rsplit(".", 1)
        module = modules[owner]
        drawn = torch.randn(parameter.shape, generator=generator)
        if isinstance(module, (torch.nn.GroupNorm, torch.nn.LayerNorm)):
            value = 1.0 + 0.3 * drawn if kind == "weight" else 0.3 * drawn
        else:
            gain = next(g for pattern, g in GAINS if re.search(pattern, owner))
            if kind == "bias":
                value = 0.2 * gain * drawn
            elif isinstance(module, torch.nn.Embedding):
                value = gain * drawn
            else:
                value = gain * drawn / math.sqrt(parameter[0].numel())
        parameter.data.copy_(value)


def round_to(model, dtype):
    """Rounds every parameter to what a file of `dtype` keeps; the model stays in float32."""
    for parameter in model.parameters():
        parameter.data.copy_(parameter.data.to(dtype).float())


def calibrate_unet(unet, run):
    """Scales the last convolution until the UNet's output has standard deviation one; `run` gives that output."""
    output = run()
    unet.conv_out.weight.data /= output.std()
    unet.conv_out.bias.data.mul_(0.5)


def calibrate_encoder(vae, image):
    """Scales the encoder's last convolution until its moments have standard deviation one."""
    moments = vae.encode(image).latent_dist.parameters
    vae.encoder.conv_out.weight.data /= moments.std()
    vae.encoder.conv_out.bias.data.mul_(0.5)


def calibrate_decoder(vae, latents):
    """Fits the decoder to the size of `latents`, then its last convolution to a picture that is neither grey nor clipped."""
    if vae.post_quant_conv is not None:
        vae.post_quant_conv.bias.data *= latents.std()
        latents = vae.post_quant_conv(latents)
    stream = torch.nn.functional.conv2d(latents, vae.decoder.conv_in.weight, padding=1)
    vae.decoder.conv_in.weight.data *= 0.1 / stream.std()
    vae.decoder.conv_in.bias.data.mul_(0.2)
    image = vae.decoder(latents)
    vae.decoder.conv_out.weight.data *= 0.35 / (image - image.mean(dim=(0, 2, 3), keepdim=True)).std()
    image = vae.decoder(latents)
    shift = torch.linspace(-0.1, 0.1, image.shape[1])
    vae.decoder.conv_out.bias.data += shift - image.mean(dim=(0, 2, 3))


def calibrate_tiny_decoder(vae, latents):
    """Fits the last convolution of a tiny autoencoder's decoder to a picture that is neither grey nor clipped."""
    last = vae.decoder.layers[-1]
    image = vae.decoder(latents)
    last.weight.data *= 0.35 / (image - image.mean(dim=(0, 2, 3), keepdim=True)).std()
    image = vae.decoder(latents)
    shift = torch.linspace(-0.1, 0.1, image.shape[1])
    last.bias.data += (shift - image.mean(dim=(0, 2, 3))) / 2  # the picture is 2 x - 1
