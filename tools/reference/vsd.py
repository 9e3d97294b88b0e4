"""Ten steps of variational score distillation, and of score distillation sampling, from a tiny checkpoint.

    python vsd.py

An independent program of the formulas, eager PyTorch on diffusers' UNet and peft's adapters, that shares nothing with the
Java trainer. Everything random is drawn first and recorded, so another implementation can follow the run number by number.

Sources: SwiftBrush (arXiv 2312.05239); VSD: ProlificDreamer (arXiv 2305.16213); SDS: DreamFusion (arXiv 2209.14988);
v-prediction: Salimans and Ho (arXiv 2202.00512), appendix D.
"""

from dataclasses import asdict, dataclass, replace

import torch
from diffusers import PNDMScheduler, UNet2DConditionModel
from diffusers.training_utils import EMAModel
from diffusers.utils import logging
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict

from golden import CHECKPOINTS, fingerprint, normals, rounded, worst, write

CHECKPOINT = "sd2"
STEPS, BATCH, PROMPTS, LENGTH = 10, 2, 5, 9
LATENTS = (4, 8, 16)  # 1 by 2 in the middle: on one pixel, attention has no gradient
T = 999
SEED = 1000  # one under which rounding does not matter, see stability()
LIMIT = 6e-5  # of what rounding may move; the tests allow 1e-4

MID = "mid_block.attentions.0.transformer_blocks.0"
FIRST = "down_blocks.0.attentions.0.transformer_blocks.0"
KEPT = [  # of the student
    "conv_in.weight",
    "time_embedding.linear_1.bias",
    f"{FIRST}.attn2.to_v.weight",
    f"{MID}.attn1.to_q.weight",
    f"{MID}.norm1.weight",
    "conv_out.bias",
]
KEPT_LORA = [f"{MID}.attn1.to_q", f"{FIRST}.attn2.to_v"]


@dataclass(frozen=True)
class Settings:
    objective: str = "vsd"
    prediction: str = "epsilon"
    guidance: float = 4.5
    lora_guidance: float = 4.5
    alpha_squared: float | None = None  # of the student's step; None takes the schedule's
    rank: int = 4
    lora_alpha: float = 6.75
    learning_rate: float = 1e-4
    lora_learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    adam_eps: float = 1e-8
    clip: float = 1.0
    ema_decay: float = 0.9999


def load_unet():
    return UNet2DConditionModel.from_pretrained(CHECKPOINTS / CHECKPOINT / "unet", torch_dtype=torch.float32)


def alphas_cumprod():
    return PNDMScheduler.from_pretrained(CHECKPOINTS / CHECKPOINT / "scheduler").alphas_cumprod


def draw_inputs(seed):
    """Everything random, [STEPS, BATCH, ...]; timesteps include the ends of their ranges."""
    generator = torch.Generator("cpu").manual_seed(seed)
    width = load_unet().config.cross_attention_dim
    t = torch.randint(20, 981, (STEPS, BATCH), generator=generator)
    lora_t = torch.randint(0, 1000, (STEPS, BATCH), generator=generator)
    t[2, :2], lora_t[3, :2] = torch.tensor([20, 980]), torch.tensor([0, 999])
    return {
        "prompt_embeds": normals(seed + 1, PROMPTS, LENGTH, width),
        "empty_embeds": normals(seed + 2, 1, LENGTH, width),
        "prompts": torch.randint(PROMPTS, (STEPS, BATCH), generator=generator),
        "z": normals(seed + 3, STEPS, BATCH, *LATENTS),
        "t": t,
        "noise": normals(seed + 4, STEPS, BATCH, *LATENTS),
        "lora_t": lora_t,
        "lora_noise": normals(seed + 5, STEPS, BATCH, *LATENTS),
        "lora_empty": (torch.rand((STEPS, BATCH), generator=generator) < 0.3).to(torch.int64),
    }


def add_lora(unet, settings, dtype):
    """Adapters on to_q and to_v of every attention; B is drawn as well, so that the first step has a gradient."""
    unet.add_adapter(LoraConfig(r=settings.rank, lora_alpha=settings.lora_alpha, target_modules=["to_q", "to_v"]))
    drawn = {}
    for n, (name, value) in enumerate(sorted(get_peft_model_state_dict(unet, adapter_name="default").items())):
        size = value.shape[1] if "lora_A" in name else settings.rank
        drawn[name] = normals(900_000 + n, *value.shape) / size**0.5
    set_peft_model_state_dict(unet, drawn, adapter_name="default")
    return unet.to(dtype)


def lora_weights(unet):
    return {n: p.detach().clone() for n, p in get_peft_model_state_dict(unet, adapter_name="default").items()}


def shake(parameters, generator):
    """Changes gradients as another order of additions might: by 1e-6 of their tensor's root mean square, where not zero."""
    for gradient in (p.grad for p in parameters):
        size = 1e-6 * gradient.norm() / gradient.numel() ** 0.5
        gradient.add_(size * torch.randn(gradient.shape, generator=generator) * (gradient != 0))


class Distillation:
    """The three networks and both optimisers, at the precision asked for."""

    def __init__(self, settings, inputs, dtype=torch.float32, shaken=None):
        self.settings, self.shaken = settings, shaken
        self.inputs = {n: v.to(dtype) if v.is_floating_point() else v for n, v in inputs.items()}
        self.alphas_cumprod = alphas_cumprod().to(dtype)
        self.student = load_unet().to(dtype)
        self.teacher = add_lora(load_unet().requires_grad_(False), settings, dtype)
        self.lora = {n: p for n, p in self.teacher.named_parameters() if p.requires_grad}
        assert all("lora_" in name for name in self.lora) and len(self.lora) == 2 * 40
        adam = dict(betas=(settings.beta1, settings.beta2), eps=settings.adam_eps, foreach=False)
        self.optimiser = torch.optim.Adam(self.student.parameters(), settings.learning_rate, **adam)
        self.lora_optimiser = torch.optim.Adam(self.lora.values(), settings.lora_learning_rate, **adam)
        self.ema = EMAModel(self.student.parameters(), decay=settings.ema_decay)
        self.steps, self.tensors = [], {}

    def alpha_sigma(self, t):
        """Of timesteps [B]: [B, 1, 1, 1]."""
        squared = self.alphas_cumprod[t][:, None, None, None]
        return squared.sqrt(), (1 - squared).sqrt()

    def add_noise(self, x0, noise, t):
        alpha, sigma = self.alpha_sigma(t)
        return alpha * x0 + sigma * noise

    def epsilon(self, unet, x_t, t, y):
        output = unet(x_t, t, encoder_hidden_states=y).sample
        if self.settings.prediction == "epsilon":
            return output
        alpha, sigma = self.alpha_sigma(t)
        return alpha * output + sigma * x_t

    def guided(self, unet, x_t, t, y, empty, scale):
        unconditional = self.epsilon(unet, x_t, t, empty)
        return unconditional + scale * (self.epsilon(unet, x_t, t, y) - unconditional)

    def generate(self, z, y):
        """One step of the student from pure noise."""
        output = self.student(z, torch.full((len(z),), T), encoder_hidden_states=y).sample
        squared = self.alphas_cumprod[T] if self.settings.alpha_squared is None else torch.tensor(self.settings.alpha_squared)
        alpha, sigma = squared.sqrt(), (1 - squared).sqrt()
        return (z - sigma * output) / alpha if self.settings.prediction == "epsilon" else alpha * z - sigma * output

    @torch.no_grad()
    def distillation_gradient(self, x0, y, empty, t, noise):
        """w(t) (eps_teacher - eps_lora), or w(t) (eps_teacher - noise) for SDS; w = sigma_t^2."""
        x_t = self.add_noise(x0, noise, t)
        self.teacher.disable_adapters()
        teacher = self.guided(self.teacher, x_t, t, y, empty, self.settings.guidance)
        self.teacher.enable_adapters()
        if self.settings.objective == "vsd":
            other = self.guided(self.teacher, x_t, t, y, empty, self.settings.lora_guidance)
        else:
            other = noise
        return torch.nan_to_num(self.alpha_sigma(t)[1] ** 2 * (teacher - other))

    def step(self, n):
        at = {name: value[n] for name, value in self.inputs.items() if value.shape[:2] == (STEPS, BATCH)}
        y = self.inputs["prompt_embeds"][at["prompts"]]
        empty = self.inputs["empty_embeds"].expand_as(y)

        x0 = self.generate(at["z"], y)
        g = self.distillation_gradient(x0.detach(), y, empty, at["t"], at["noise"])
        loss = 0.5 * ((x0 - (x0 - g).detach()) ** 2).mean()
        report = {"student_loss": loss.item(), "gradient_std": g.std().item()}
        report["student_gradient_norm"] = self.update(self.student.named_parameters(), self.optimiser, loss, n, KEPT)
        self.ema.step(self.student.parameters())

        if self.settings.objective == "vsd":
            kept_empty = at["lora_empty"].bool()[:, None, None]
            x_t = self.add_noise(x0.detach(), at["lora_noise"], at["lora_t"])
            predicted = self.epsilon(self.teacher, x_t, at["lora_t"], torch.where(kept_empty, empty, y))
            alpha = self.alpha_sigma(at["lora_t"])[0]
            loss = (alpha**2 * (predicted - at["lora_noise"]) ** 2).mean()
            report["lora_loss"] = loss.item()
            named = [(self.key(name), parameter) for name, parameter in self.lora.items()]
            kept = [f"{target}.lora_{half}.weight" for target in KEPT_LORA for half in "AB"]
            report["lora_gradient_norm"] = self.update(named, self.lora_optimiser, loss, n, kept)

        self.steps.append(report)
        if n in (0, STEPS - 1):
            self.tensors[f"step.{n}.x0"] = x0
            self.tensors[f"step.{n}.g"] = g
            self.tensors |= self.weights(f"after.{n + 1}.", KEPT, KEPT_LORA)

    @staticmethod
    def key(name):
        """As adapters are saved: the name of a parameter without that of the adapter."""
        return name.replace(".default", "")

    def update(self, named, optimiser, loss, n, kept):
        """One step of Adam; gives the gradient's norm before clipping."""
        named = dict(named)
        optimiser.zero_grad()
        loss.backward()
        if n in (0, STEPS - 1):
            self.tensors |= {f"step.{n}.gradient.{name}": named[name].grad.clone() for name in kept}
        if self.shaken is not None:
            shake(named.values(), self.shaken)
        total = torch.nn.utils.clip_grad_norm_(named.values(), self.settings.clip, foreach=False)
        optimiser.step()
        return total.item()

    def weights(self, prefix, kept, kept_lora):
        student = dict(self.student.named_parameters())
        tensors = {prefix + name: student[name].detach().clone() for name in kept}
        if self.settings.objective == "vsd":
            lora = lora_weights(self.teacher)
            tensors |= {prefix + n: v for n, v in lora.items() if any(n.startswith(t + ".") for t in kept_lora)}
        return tensors

    def run(self):
        """Runs all steps; gives the change of every weight."""
        before = {n: p.detach().clone() for n, p in self.student.named_parameters()}
        lora_before = lora_weights(self.teacher)
        for n in range(STEPS):
            self.step(n)
        change = {n: p.detach() - before[n] for n, p in self.student.named_parameters()}
        shadow = {n: p for (n, _), p in zip(self.student.named_parameters(), self.ema.shadow_params)}
        ema = {n: p - before[n] for n, p in shadow.items()}
        lora = {n: p - lora_before[n] for n, p in lora_weights(self.teacher).items()}
        self.tensors |= {f"ema.{STEPS}.{name}": shadow[name] for name in KEPT}
        return {"student": change, "ema": ema, "lora": lora if self.settings.objective == "vsd" else {}}


def deviations(run, change, exact, exact_change):
    """How far two runs of the same are apart, relatively: the worst of all steps and tensors."""
    numbers = {
        kind: max(abs(a[kind] - b[kind]) / abs(b[kind]) for a, b in zip(run.steps, exact.steps)) for kind in run.steps[0]
    }
    for part in ("x0", "g", "gradient"):
        names = [n for n in run.tensors if n.split(".")[0] == "step" and n.split(".")[2] == part]
        numbers[part] = worst({n: run.tensors[n] for n in names}, {n: exact.tensors[n] for n in names})
    numbers["student"] = worst(dict(run.student.named_parameters()), dict(exact.student.named_parameters()))
    numbers["lora"] = worst(run.lora, exact.lora)
    numbers |= {f"{part}_change": worst(change[part], exact_change[part]) for part in change if change[part]}
    return {name: rounded(value) for name, value in numbers.items()}


def stability(settings, inputs, run, change):
    """What rounding does to a run: against float64, and the worst of four runs with shaken gradients.

    Adam's first steps follow the sign of a gradient, so an element near zero can send two correct programs apart; a run
    in which that happens cannot be a reference, and is refused here.
    """
    exact = Distillation(settings, inputs, torch.float64)
    rounding = deviations(run, change, exact, exact.run())
    shaken = {}
    for seed in range(4):
        other = Distillation(settings, inputs, shaken=torch.Generator("cpu").manual_seed(seed))
        for part, value in deviations(other, other.run(), run, change).items():
            shaken[part] = max(value, shaken.get(part, 0))
    for found in (rounding, shaken):
        fits = all(value < LIMIT for part, value in found.items() if not part.endswith("_change"))
        assert fits, f"rounding moves the run: float64 {rounding}, shaken {shaken}"
    return {"float32_rounding": rounding, "shaken_gradients": shaken}


def record(name, settings, inputs, full=False):
    run = Distillation(settings, inputs)
    change = run.run()
    stable = stability(settings, inputs, run, change)
    tensors = run.tensors
    if full:
        tensors |= {f"after.{STEPS}.{n}": p for n, p in run.student.named_parameters()}
        tensors |= {f"after.{STEPS}.{n}": p for n, p in lora_weights(run.teacher).items()}
    described = {
        "checkpoint": CHECKPOINT,
        "settings": asdict(settings),
        **stable,
        "steps": run.steps,
        "change": {part: {n: fingerprint(v) for n, v in values.items()} for part, values in change.items() if values},
    }
    write(f"distillation/{name}", tensors, described)
    return change


def settings_matter(settings, inputs, change):
    """Refuses a golden that would not show a setting ignored."""
    for other in (
        dict(objective="sds"),
        dict(prediction="v_prediction"),
        dict(guidance=1.0),
        dict(lora_guidance=1.0),
        dict(alpha_squared=0.0047),
        dict(lora_alpha=4.0),
        dict(lora_learning_rate=0.0),
        dict(clip=1e9),
        dict(adam_eps=1e-6),
        dict(beta1=0.8),
        dict(beta2=0.9),
    ):
        changed = Distillation(replace(settings, **other), inputs).run()
        moved = worst(changed["student"], change["student"])
        print(f"    {other}: {moved:.2g}")
        assert moved > 1e-2, f"{other} makes no difference"


def main():
    torch.set_num_threads(1)  # one order of additions
    logging.set_verbosity_error()
    inputs = draw_inputs(SEED)
    initial = lora_weights(add_lora(load_unet(), Settings(), torch.float32))
    write(
        "distillation/inputs",
        {**inputs, **{f"lora.{name}": value for name, value in initial.items()}},
        {"checkpoint": CHECKPOINT, "steps": STEPS, "batch": BATCH, "student_timestep": T},
    )
    cases = {
        "vsd": Settings(),
        "vsd-lora-guidance-1": Settings(lora_guidance=1.0, clip=0.5),  # clips the adapters' gradient in some steps
        "vsd-v": Settings(prediction="v_prediction"),
        "sds": Settings(objective="sds"),
    }
    changes = {name: record(name, settings, inputs, full=name == "vsd") for name, settings in cases.items()}
    settings_matter(cases["vsd"], inputs, changes["vsd"])


if __name__ == "__main__":
    main()
