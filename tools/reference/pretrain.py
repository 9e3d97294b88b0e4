"""Steps of a teacher's own training: of a UNet on the denoising loss, and of an autoencoder.

    python pretrain.py

Eager PyTorch on diffusers' networks, from the tiny checkpoint. Everything random is drawn first and recorded, so another
implementation can follow the run number by number.

Sources: DDPM (arXiv 2006.11239), equation 14; v-prediction: Salimans and Ho (arXiv 2202.00512), appendix D; the autoencoder's
loss: Kingma and Welling (arXiv 1312.6114), appendix B, and Latent Diffusion (arXiv 2112.10752), appendix G.
"""

from dataclasses import asdict, dataclass, replace

import torch
from diffusers import AutoencoderKL, DDPMScheduler
from diffusers.training_utils import EMAModel
from diffusers.utils import logging

from golden import CHECKPOINTS, fingerprint, normals, rounded, worst, write
from gradients import DECODER_KEPT, ENCODER_KEPT
from vsd import CHECKPOINT, KEPT, LATENTS, LENGTH, LIMIT, PROMPTS, alphas_cumprod, load_unet, shake

BATCH = 2
UNET_STEPS, UNET_SEED = 5, 2020  # seeds under which rounding does not matter, see stability()
VAE_STEPS, VAE_SEED = 3, 3100
PIXELS = (3, 16, 24)
UNSEEN = ("mid_block.attentions.0.to_k.bias",)  # a softmax does not see its keys' bias


@dataclass(frozen=True)
class Settings:
    learning_rate: float = 1e-4
    beta1: float = 0.9
    beta2: float = 0.999
    adam_eps: float = 1e-8
    clip: float = 1.0
    ema_decay: float = 0.9999


@dataclass(frozen=True)
class UNetSettings(Settings):
    prediction: str = "epsilon"


@dataclass(frozen=True)
class AutoencoderSettings(Settings):
    l1_weight: float = 1.0
    mse_weight: float = 0.5
    edge_weight: float = 0.0
    kl_weight: float = 0.01


def unet_inputs(seed):
    """Everything random, [UNET_STEPS, BATCH, ...]; timesteps include the ends of their range."""
    generator = torch.Generator("cpu").manual_seed(seed)
    width = load_unet().config.cross_attention_dim
    t = torch.randint(0, 1000, (UNET_STEPS, BATCH), generator=generator)
    t[2] = torch.tensor([0, 999])
    return {
        "prompt_embeds": normals(seed + 1, PROMPTS, LENGTH, width),
        "empty_embeds": normals(seed + 2, 1, LENGTH, width),
        "prompts": torch.randint(PROMPTS, (UNET_STEPS, BATCH), generator=generator),
        "empty": (torch.rand((UNET_STEPS, BATCH), generator=generator) < 0.3).to(torch.int64),
        "x0": normals(seed + 3, UNET_STEPS, BATCH, *LATENTS),
        "t": t,
        "noise": normals(seed + 4, UNET_STEPS, BATCH, *LATENTS),
    }


def autoencoder_inputs(seed):
    """Pictures in -1..1 and the noise of their latents, [VAE_STEPS, BATCH, ...]."""
    config = load_autoencoder().config
    scale = 2 ** (len(config.block_out_channels) - 1)
    latents = (config.latent_channels, PIXELS[1] // scale, PIXELS[2] // scale)
    return {
        "pictures": (normals(seed + 1, VAE_STEPS, BATCH, *PIXELS) / 2).clamp(-1, 1),
        "noise": normals(seed + 2, VAE_STEPS, BATCH, *latents),
    }


def load_autoencoder():
    return AutoencoderKL.from_pretrained(CHECKPOINTS / CHECKPOINT / "vae", torch_dtype=torch.float32)


class Denoising:
    """The mean squared error of what a UNet predicts of noisy latents: of the noise, or of v."""

    kept = KEPT

    def __init__(self, settings, inputs, dtype):
        self.settings, self.inputs, self.steps = settings, inputs, UNET_STEPS
        self.alphas_cumprod = alphas_cumprod().to(dtype)
        self.network = load_unet().to(dtype)

    def losses(self, n):
        x0, noise, t = (self.inputs[name][n] for name in ("x0", "noise", "t"))
        squared = self.alphas_cumprod[t][:, None, None, None]
        alpha, sigma = squared.sqrt(), (1 - squared).sqrt()
        y = self.inputs["prompt_embeds"][self.inputs["prompts"][n]]
        empty = self.inputs["empty"][n].bool()[:, None, None]
        x_t = alpha * x0 + sigma * noise
        target = noise if self.settings.prediction == "epsilon" else alpha * noise - sigma * x0
        self.agrees(x0, noise, t, x_t, target)
        output = self.network(x_t, t, encoder_hidden_states=torch.where(empty, self.inputs["empty_embeds"], y)).sample
        return {"loss": ((output - target) ** 2).mean()}

    def agrees(self, x0, noise, t, x_t, target):
        """With diffusers' own noise and v."""
        scheduler = DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
        torch.testing.assert_close(scheduler.add_noise(x0, noise, t), x_t)
        if self.settings.prediction == "v_prediction":
            torch.testing.assert_close(scheduler.get_velocity(x0, noise, t), target)


class Reconstruction:
    """What pictures lose on their way through an autoencoder, and how far their latents are from standard normal ones."""

    kept = ENCODER_KEPT + DECODER_KEPT

    def __init__(self, settings, inputs, dtype):
        self.settings, self.inputs, self.steps = settings, inputs, VAE_STEPS
        self.network = load_autoencoder().to(dtype)

    def losses(self, n):
        pictures, noise = self.inputs["pictures"][n], self.inputs["noise"][n]
        found = self.network.encode(pictures).latent_dist
        error = self.network.decode(found.mean + (0.5 * found.logvar).exp() * noise).sample - pictures
        kl = (0.5 * (found.mean**2 + found.logvar.exp() - 1 - found.logvar)).mean()
        torch.testing.assert_close(kl, found.kl().sum() / found.mean.numel())
        down, across = error.diff(dim=2), error.diff(dim=3)
        parts = {
            "l1": error.abs().mean(),
            "mse": (error**2).mean(),
            "edges": down.abs().mean() + across.abs().mean(),
            "kl": kl,
        }
        weights = (getattr(self.settings, f"{part.rstrip('s')}_weight") for part in parts)
        return {"loss": sum(weight * value for weight, value in zip(weights, parts.values())), **parts}


class Training:
    """A network that learns, at the precision asked for."""

    def __init__(self, task, settings, inputs, dtype=torch.float32, shaken=None):
        inputs = {n: v.to(dtype) if v.is_floating_point() else v for n, v in inputs.items()}
        self.task, self.shaken = task(settings, inputs, dtype), shaken
        self.clip = settings.clip
        self.named = dict(self.task.network.named_parameters())
        self.optimiser = torch.optim.Adam(
            self.named.values(),
            settings.learning_rate,
            betas=(settings.beta1, settings.beta2),
            eps=settings.adam_eps,
            foreach=False,
        )
        self.ema = EMAModel(self.named.values(), decay=settings.ema_decay)
        self.steps, self.tensors = [], {}

    def step(self, n):
        losses = self.task.losses(n)
        self.optimiser.zero_grad()
        losses["loss"].backward()
        ends = n in (0, self.task.steps - 1)
        if ends:
            self.tensors |= {f"step.{n}.gradient.{name}": self.named[name].grad.clone() for name in self.task.kept}
        if self.shaken is not None:
            shake(self.named.values(), self.shaken)
        norm = torch.nn.utils.clip_grad_norm_(self.named.values(), self.clip, foreach=False)
        self.optimiser.step()
        self.ema.step(self.named.values())
        self.steps.append({**{name: value.item() for name, value in losses.items()}, "gradient_norm": norm.item()})
        if ends:
            self.tensors |= {f"after.{n + 1}.{name}": self.named[name].detach().clone() for name in self.task.kept}

    def run(self):
        """Runs all steps; gives the change of every weight that has a gradient, and of its average."""
        before = {n: p.detach().clone() for n, p in self.named.items()}
        for n in range(self.task.steps):
            self.step(n)
        shadow = dict(zip(self.named, self.ema.shadow_params))
        self.tensors |= {f"ema.{self.task.steps}.{name}": shadow[name] for name in self.task.kept}
        seen = [n for n in self.named if not n.endswith(UNSEEN)]
        return {
            "weights": {n: self.named[n].detach() - before[n] for n in seen},
            "ema": {n: shadow[n] - before[n] for n in seen},
        }


def deviations(run, change, exact, exact_change):
    """How far two runs of the same are apart, relatively: the worst of all steps and tensors."""
    numbers = {
        kind: max(abs(a[kind] - b[kind]) / abs(b[kind]) for a, b in zip(run.steps, exact.steps)) for kind in run.steps[0]
    }
    gradients = [n for n in run.tensors if n.startswith("step.")]
    numbers["gradient"] = worst({n: run.tensors[n] for n in gradients}, {n: exact.tensors[n] for n in gradients})
    numbers["weights"] = worst({n: run.named[n] for n in change["weights"]}, {n: exact.named[n] for n in change["weights"]})
    numbers |= {f"{part}_change": worst(change[part], exact_change[part]) for part in change}
    return {name: rounded(value) for name, value in numbers.items()}


def stability(task, settings, inputs, run, change):
    """What rounding does to a run, as in vsd.py; refuses a run that it sends elsewhere."""
    exact = Training(task, settings, inputs, torch.float64)
    rounding = deviations(run, change, exact, exact.run())
    shaken = {}
    for seed in range(4):
        other = Training(task, settings, inputs, shaken=torch.Generator("cpu").manual_seed(seed))
        for part, value in deviations(other, other.run(), run, change).items():
            shaken[part] = max(value, shaken.get(part, 0))
    for found in (rounding, shaken):
        fits = all(value < LIMIT for part, value in found.items() if not part.endswith("_change"))
        assert fits, f"rounding moves the run: float64 {rounding}, shaken {shaken}"
    return {"float32_rounding": rounding, "shaken_gradients": shaken}


def record(name, task, settings, inputs, others):
    """Refuses a golden that would not show one of the `others` settings taken for this one."""
    run = Training(task, settings, inputs)
    change = run.run()
    stable = stability(task, settings, inputs, run, change)
    described = {
        "checkpoint": CHECKPOINT,
        "settings": asdict(settings),
        **stable,
        "steps": run.steps,
        "change": {part: {n: fingerprint(v) for n, v in values.items()} for part, values in change.items()},
    }
    write(f"pretraining/{name}", run.tensors, described)
    for other in others:
        moved = worst(Training(task, replace(settings, **other), inputs).run()["weights"], change["weights"])
        print(f"    {other}: {moved:.2g}")
        assert moved > 1e-2, f"{other} makes no difference"


def main():
    torch.set_num_threads(1)  # one order of additions
    logging.set_verbosity_error()
    adam = [dict(beta1=0.8), dict(beta2=0.9), dict(adam_eps=1e-5), dict(clip=1e9)]
    unet = unet_inputs(UNET_SEED)
    write("pretraining/unet-inputs", unet, {"checkpoint": CHECKPOINT, "steps": UNET_STEPS, "batch": BATCH})
    record("unet-epsilon", Denoising, UNetSettings(), unet, [*adam, dict(prediction="v_prediction")])
    record("unet-v", Denoising, UNetSettings(prediction="v_prediction"), unet, adam)
    vae = autoencoder_inputs(VAE_SEED)
    write("pretraining/autoencoder-inputs", vae, {"checkpoint": CHECKPOINT, "steps": VAE_STEPS, "batch": BATCH})
    losses = [dict(l1_weight=0.5), dict(mse_weight=1.0), dict(kl_weight=0.0)]
    record("autoencoder", Reconstruction, AutoencoderSettings(), vae, [*adam, *losses, dict(edge_weight=0.3)])
    record("autoencoder-edges", Reconstruction, AutoencoderSettings(edge_weight=0.3), vae, losses)


if __name__ == "__main__":
    main()
