"""One-step generation stage by stage, from the formulas, with every stage's values kept.

Sources of the formulas: SwiftBrush (arXiv 2312.05239), SD-Turbo (arXiv 2311.17042), InstaFlow (arXiv 2309.06380),
Latent Consistency Models (arXiv 2310.04378), DMD2 (arXiv 2405.14867), SiD-LSG (arXiv 2406.01561).
"""

import copy
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from diffusers import LatentConsistencyModelPipeline
from diffusers.image_processor import VaeImageProcessor
from safetensors.torch import save_file

from vocabulary import write_json


@dataclass
class Parts:
    """The parts of a checkpoint, in float32."""

    tokenizer: object
    text_encoder: torch.nn.Module
    unet: torch.nn.Module
    vae: torch.nn.Module
    scheduler: object

    @property
    def scale(self):
        """How many pixels a latent spans."""
        return 2 ** (len(self.vae.config.block_out_channels) - 1)

    def double(self):
        """The same in float64: how far float32 rounding alone moves each stage."""
        models = [copy.deepcopy(m).double() for m in (self.text_encoder, self.unet, self.vae)]
        return Parts(self.tokenizer, *models, self.scheduler)


@dataclass
class Recipe:
    """How one call of the UNet becomes latents: x0 = c_skip z + c_out * formula(prediction)."""

    name: str
    prediction: str  # epsilon, v_prediction or velocity
    timestep: float
    input_scale: float  # the UNet sees input_scale * z
    alpha: float
    sigma: float
    c_skip: float = 0.0
    c_out: float = 1.0
    guidance_scale: float | None = None

    def latents(self, noise, output):
        seen = self.input_scale * noise
        if self.prediction == "epsilon":
            x0 = (seen - self.sigma * output) / self.alpha
        elif self.prediction == "v_prediction":
            x0 = self.alpha * seen - self.sigma * output
        elif self.prediction == "velocity":
            x0 = seen + output
        else:
            raise ValueError(self.prediction)
        return self.c_skip * noise + self.c_out * x0


def recipe(name, scheduler):
    """The named recipe with the constants of `scheduler`'s noise schedule, and its word on what the UNet predicts."""
    predicts = scheduler.config.get("prediction_type", "epsilon")

    def at(t):
        squared = scheduler.alphas_cumprod[t]
        return squared.sqrt().item(), (1 - squared).sqrt().item()

    alpha, sigma = at(999)
    if name == "swiftbrush":  # the released checkpoint was trained with a rounded constant
        return Recipe(name, predicts, 999, 1.0, 0.0047**0.5, (1 - 0.0047) ** 0.5)
    if name == "sd-turbo":
        return Recipe(name, predicts, 999, sigma, alpha, sigma)
    if name == "instaflow":
        return Recipe(name, "velocity", 1000, 1.0, 0.0, 1.0)
    if name == "lcm":
        scaled = 999 * 10.0
        c_skip, c_out = 0.25 / (scaled**2 + 0.25), scaled / (scaled**2 + 0.25) ** 0.5
        return Recipe(name, predicts, 999, 1.0, alpha, sigma, c_skip, c_out, 8.5)
    if name == "dmd2":
        return Recipe(name, predicts, 999, 1.0, alpha, sigma)
    if name == "sid-lsg":
        alpha, sigma = at(625)
        return Recipe(name, predicts, 625, sigma, alpha, sigma)
    raise ValueError(name)


def guidance_embedding(parts, scale):
    """The guidance embedding of an LCM from diffusers' own pipeline, or None where the UNet has no place for one."""
    width = parts.unet.config.time_cond_proj_dim
    if width is None:
        return None
    return LatentConsistencyModelPipeline.get_guidance_scale_embedding(None, torch.tensor([scale - 1]), width)


def draw_noise(parts, seeds, width, height):
    """What torch.randn gives on the CPU for each seed, one image at a time."""
    shape = (1, parts.unet.config.in_channels, height // parts.scale, width // parts.scale)
    return torch.cat([torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed)) for seed in seeds])


def tokenise(tokenizer, prompts):
    """Ids padded and truncated to the tokenizer's limit, as every Stable Diffusion pipeline asks for them."""
    return tokenizer(
        prompts, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
    ).input_ids


def decode(vae, latents):
    """The decoder's picture, about -1..1. Latents were scaled (and, with shift_factor, shifted) for the UNet."""
    latents = latents / vae.config.scaling_factor
    if vae.config.shift_factor is not None:
        latents = latents + vae.config.shift_factor
    return vae.decode(latents).sample


def to_pixels(image):
    """[B, 3, H, W] in -1..1 to bytes [B, H, W, 3]: rounded half to even, as diffusers' image processor does."""
    values = (image / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).contiguous()
    pixels = torch.round(255 * values).to(torch.uint8)
    if image.dtype != torch.float32:
        return pixels
    library = VaeImageProcessor.numpy_to_pil(VaeImageProcessor.pt_to_numpy(VaeImageProcessor.denormalize(image)))
    assert np.array_equal(np.stack([np.array(p) for p in library]), pixels.numpy()), "diffusers rounds differently"
    return pixels


@torch.no_grad()
def generate(parts, recipe, prompts, seeds, width, height):
    """Every stage of one batch: a prompt and a seed per image."""
    dtype = parts.unet.dtype
    ids = tokenise(parts.tokenizer, prompts)
    hidden = parts.text_encoder(ids).last_hidden_state
    noise = draw_noise(parts, seeds, width, height).to(dtype)
    embedding = guidance_embedding(parts, recipe.guidance_scale or 1.0)
    timesteps = torch.full((len(seeds),), recipe.timestep, dtype=torch.int64)
    output = parts.unet(
        recipe.input_scale * noise,
        timesteps,
        encoder_hidden_states=hidden,
        timestep_cond=None if embedding is None else embedding.to(dtype).expand(len(seeds), -1),
    ).sample
    latents = recipe.latents(noise, output)
    image = decode(parts.vae, latents)
    stages = {
        "token_ids": ids,
        "encoder_hidden_states": hidden,
        "noise": noise,
        "timestep_embedding": parts.unet.time_proj(timesteps[:1]),
        "epsilon": output,
        "latents": latents,
        "image": image,
        "pixels": to_pixels(image),
    }
    if embedding is not None:
        stages["guidance_embedding"] = embedding
    return stages


@torch.no_grad()
def encode(vae, image):
    """The encoder's moments (mean and log variance before clamping, stacked) and the mean, before any scaling."""
    distribution = vae.encode(image).latent_dist
    return {"image": image, "moments": distribution.parameters, "mean": distribution.mean}


def test_picture(width, height):
    """A smooth picture with an edge, in -1..1: [1, 3, height, width]."""
    y = torch.linspace(-1, 1, height)[:, None].expand(height, width)
    x = torch.linspace(-1, 1, width)[None, :].expand(height, width)
    red = torch.sin(3 * x + y)
    green = x * y
    blue = torch.where(x * x + y * y < 0.4, 0.8, -0.5) * (1 - 0.3 * x)
    return torch.stack([red, green, blue]).unsqueeze(0).contiguous()


def distance(a, b):
    """Largest difference over the reference's standard deviation: the measure of every tolerance here."""
    return ((a.double() - b.double()).abs().max() / b.double().std()).item()


class Recorder:
    """Collects cases and writes reference.safetensors and reference.json."""

    STAGES = ("encoder_hidden_states", "epsilon", "latents", "image")

    def __init__(self, name, parts, check_double=True):
        self.name, self.parts = name, parts
        self.exact = parts.double() if check_double else None
        self.tensors, self.cases = {}, []

    def case(self, name, recipe_name, prompts, seeds, width, height, least_std=20, most_clipped=0.05):
        """Records one batch, and refuses a picture that is grey, clipped or dominated by rounding."""
        used = recipe(recipe_name, self.parts.scheduler)
        stages = generate(self.parts, used, prompts, seeds, width, height)
        pixels, image = stages["pixels"].double(), stages["image"]
        std, clipped = pixels.std().item(), (image.abs() > 1).double().mean().item()
        assert std > least_std and clipped < most_clipped, f"{self.name}/{name}: std {std:.1f}, clipped {clipped:.3f}"
        described = {
            "name": name,
            "recipe": asdict(used),
            "prompts": prompts,
            "seeds": seeds,
            "width": width,
            "height": height,
            "pixel_std": round(std, 2),
            "clipped": round(clipped, 4),
        }
        if self.exact is not None:
            exact = generate(self.exact, used, prompts, seeds, width, height)
            rounding = {stage: float(f"{distance(stages[stage], exact[stage]):.1e}") for stage in self.STAGES}
            limits = {"encoder_hidden_states": 3e-6, "epsilon": 4e-6, "latents": 1e-5, "image": 4e-5}
            fits = all(rounding[stage] < limits[stage] for stage in self.STAGES)
            assert fits, f"{self.name}/{name}: float32 alone moves it {rounding}"
            described["float32_rounding"] = rounding
        self.cases.append(described)
        self.tensors.update({f"{name}.{stage}": value.clone().contiguous() for stage, value in stages.items()})
        return stages

    def encoder(self, width, height):
        """Records the encoder's view of a picture, and refuses weights whose moments are dominated by rounding."""
        picture = test_picture(width, height)
        stages = encode(self.parts.vae, picture)
        if self.exact is not None:
            rounding = distance(stages["moments"], encode(self.exact.vae, picture.double())["moments"])
            assert rounding < 3e-6, f"{self.name}/encoder: float32 alone moves the moments {rounding:.1e}"
        self.tensors.update({f"encoder.{stage}": value.clone().contiguous() for stage, value in stages.items()})

    def write(self, folder, **more):
        folder = Path(folder)
        save_file(self.tensors, folder / "reference.safetensors")
        packages = ("torch", "diffusers", "transformers", "tokenizers", "safetensors", "numpy")
        write_json(
            folder / "reference.json",
            {
                "checkpoint": self.name,
                **more,
                "cases": self.cases,
                "made_with": {"python": platform.python_version(), **{p: version(p) for p in packages}},
            },
        )
