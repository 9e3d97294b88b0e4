"""How fast eager PyTorch distils: the other side of the training benchmark.

    python train_speed.py CHECKPOINT --mode released --steps 8 --batch 4 --threads 2 --precision f32

Takes steps of variational score distillation from a checkpoint in diffusers layout, of which only unet/ and scheduler/ are
read, at the published settings; noise, timesteps and prompts are random. Two ways of stepping do the same arithmetic:

released  as the published method is described: the teacher, a whole second copy of it with peft's adapters, and the student;
          guidance by separate calls, so four UNet calls judge a sample; torch's Adam, clipping and diffusers' moving average
          as they are. bf16 is autocast: float32 weights that train, bfloat16 weights that do not.
best      the same with everything that eager PyTorch has to offer: one base below teacher and adapters, both halves of
          guidance in one call, fused Adam, multi-tensor updates, channels last. bf16 computes with bfloat16 copies of
          float32 weights. Nothing is compiled.

Prints `STEP {...}` after every step and `END {...}` after the last. Parts of a step, in seconds: student_forward; teacher
and lora_teacher (the judgement); student_backward; student_update (clipping and Adam); ema; lora_forward, lora_backward and
lora_update. Drawing the step's random numbers is in no part but in `seconds`; medians leave out two steps of warming up.
Memory is the peak of the process's resident set (VmHWM) in millions of bytes; `after_import_mb` and `after_loading_mb` say
how much of it was reached before the first step. The first is large where PyTorch was built for CUDA too.

Source: SwiftBrush (arXiv 2312.05239).
"""

import argparse
import contextlib
import json
import re
import statistics
import time
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0
from diffusers.training_utils import EMAModel
from diffusers.utils import logging
from peft import LoraConfig

GUIDANCE = 4.5
RANK, LORA_ALPHA = 64, 108
LEARNING_RATE, LORA_LEARNING_RATE = 1e-6, 1e-3
CLIP, EMA_DECAY = 1.0, 0.9999
LEAST_T, MOST_T, T = 20, 980, 1000
EMPTY_PROMPTS = 0.1
TOKENS = 77
WARM_UP = 2


def peak_mb():
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024 / 1e6


class Laps:
    """What the parts of a step take."""

    def __init__(self):
        self.seconds, self.last = defaultdict(float), time.perf_counter()

    def lap(self, part):
        now = time.perf_counter()
        self.seconds[part] += now - self.last
        self.last = now


class Schedule:
    def __init__(self, folder):
        scheduler = DDPMScheduler.from_pretrained(folder, subfolder="scheduler")
        prediction, count = scheduler.config.prediction_type, scheduler.config.num_train_timesteps
        if prediction != "epsilon" or count != T:
            raise SystemExit(f"wants epsilon and {T} timesteps, but {folder} has {prediction} and {count}")
        self.alphas_cumprod = scheduler.alphas_cumprod

    def alpha_sigma(self, t):
        squared = self.alphas_cumprod[t][:, None, None, None]
        return squared.sqrt(), (1 - squared).sqrt()

    def add_noise(self, x0, noise, t):
        alpha, sigma = self.alpha_sigma(t)
        return alpha * x0 + sigma * noise


def draw(arguments, width, generator):
    """Everything random about a step, the same in both modes."""
    batch, size = arguments.batch, (arguments.batch, 4, arguments.latents, arguments.latents)
    return {
        "y": torch.randn(batch, TOKENS, width, generator=generator),
        "z": torch.randn(size, generator=generator),
        "t": torch.randint(LEAST_T, MOST_T + 1, (batch,), generator=generator),
        "noise": torch.randn(size, generator=generator),
        "lora_t": torch.randint(0, T, (batch,), generator=generator),
        "lora_noise": torch.randn(size, generator=generator),
        "lora_empty": torch.rand(batch, generator=generator) < EMPTY_PROMPTS,
    }


def load_unet(folder, dtype=torch.float32):
    return UNet2DConditionModel.from_pretrained(folder, subfolder="unet", torch_dtype=dtype).train()


def add_lora(unet):
    """Adapters on to_q and to_v of every attention; gives their parameters."""
    unet.requires_grad_(False)
    unet.add_adapter(LoraConfig(r=RANK, lora_alpha=LORA_ALPHA, target_modules=["to_q", "to_v"]))
    return [p for p in unet.parameters() if p.requires_grad]


class Released:
    """Two full UNets and the student, one call for each half of guidance."""

    def __init__(self, arguments):
        half = arguments.precision == "bf16"
        frozen = torch.bfloat16 if half else torch.float32
        self.autocast = (lambda: torch.autocast("cpu", torch.bfloat16)) if half else contextlib.nullcontext
        self.student = load_unet(arguments.checkpoint)
        self.teacher = load_unet(arguments.checkpoint, frozen).requires_grad_(False)
        self.lora_teacher = load_unet(arguments.checkpoint, frozen)
        self.lora = add_lora(self.lora_teacher)
        for parameter in self.lora:
            parameter.data = parameter.data.float()
        self.optimiser = torch.optim.Adam(self.student.parameters(), LEARNING_RATE)
        self.lora_optimiser = torch.optim.Adam(self.lora, LORA_LEARNING_RATE)
        self.ema = EMAModel(self.student.parameters(), decay=EMA_DECAY)

    def call(self, unet, x, t, y):
        with self.autocast():
            return unet(x, t, encoder_hidden_states=y).sample.float()

    def guided(self, unet, x, t, y, empty):
        conditional = self.call(unet, x, t, y)
        unconditional = self.call(unet, x, t, empty)
        return unconditional + GUIDANCE * (conditional - unconditional)

    def generated(self, z, t, y):
        return self.call(self.student, z, t, y)

    def taught(self, x, t, y, empty):
        return self.guided(self.teacher, x, t, y, empty)

    def adapted(self, x, t, y, empty):
        return self.guided(self.lora_teacher, x, t, y, empty)

    def learned(self, x, t, y):
        return self.call(self.lora_teacher, x, t, y)

    def update_student(self):
        self.update(list(self.student.parameters()), self.optimiser)

    def update_lora(self):
        self.update(self.lora, self.lora_optimiser)

    @staticmethod
    def update(parameters, optimiser):
        torch.nn.utils.clip_grad_norm_(parameters, CLIP)
        optimiser.step()
        optimiser.zero_grad()

    def average(self):
        self.ema.step(self.student.parameters())


class Trained:
    """Float32 parameters, turned into copies of another type to compute with where one is asked for, and Adam."""

    def __init__(self, parameters, learning_rate, dtype):
        self.parameters = list(parameters)
        self.mixed = dtype != torch.float32
        self.masters = [p.detach().float() for p in self.parameters] if self.mixed else self.parameters
        if self.mixed:
            for parameter in self.parameters:
                parameter.data = parameter.data.to(dtype)
        self.optimiser = torch.optim.Adam(self.masters, learning_rate, fused=True)

    def update(self):
        if self.mixed:
            for parameter, master in zip(self.parameters, self.masters):
                master.grad, parameter.grad = parameter.grad.float(), None
        gradients = [p.grad for p in self.masters]
        norm = torch.nn.utils.get_total_norm(gradients, foreach=True).item()
        if norm > CLIP:
            torch._foreach_mul_(gradients, CLIP / (norm + 1e-6))
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        if self.mixed:
            with torch.no_grad():
                torch._foreach_copy_(self.parameters, self.masters)


class Best:
    """One base below teacher and adapters, both halves of guidance in one call, multi-tensor updates."""

    def __init__(self, arguments):
        self.dtype = torch.bfloat16 if arguments.precision == "bf16" else torch.float32
        self.format = torch.channels_last if arguments.channels_last else torch.contiguous_format
        attention = AttnProcessor2_0 if arguments.attention == "sdpa" else AttnProcessor
        self.student = self.load(arguments.checkpoint)
        self.trained = Trained(self.student.parameters(), LEARNING_RATE, self.dtype)
        self.shadow, self.updates = [p.detach().clone() for p in self.trained.masters], 0
        self.teacher = self.load(arguments.checkpoint).to(self.dtype)
        self.lora = Trained(add_lora(self.teacher), LORA_LEARNING_RATE, self.dtype)
        self.student.set_attn_processor(attention())
        self.teacher.set_attn_processor(attention())

    def load(self, folder):
        """With weights of its own, so that the file's pages do not stay in memory beside those that were laid out anew."""
        unet = load_unet(folder)
        for p in unet.parameters():
            p.data = p.data.clone(memory_format=self.format if p.dim() == 4 else torch.contiguous_format)
        return unet

    def call(self, unet, x, t, y):
        x = x.to(self.dtype, memory_format=self.format)
        return unet(x, t, encoder_hidden_states=y.to(self.dtype)).sample.float()

    def guided(self, x, t, y, empty):
        both = self.call(self.teacher, torch.cat([x, x]), torch.cat([t, t]), torch.cat([empty, y]))
        unconditional, conditional = both.chunk(2)
        return torch.lerp(unconditional, conditional, GUIDANCE)

    def generated(self, z, t, y):
        return self.call(self.student, z, t, y)

    def taught(self, x, t, y, empty):
        self.teacher.disable_adapters()
        guided = self.guided(x, t, y, empty)
        self.teacher.enable_adapters()
        return guided

    def adapted(self, x, t, y, empty):
        return self.guided(x, t, y, empty)

    def learned(self, x, t, y):
        return self.call(self.teacher, x, t, y)

    def update_student(self):
        self.trained.update()

    def update_lora(self):
        self.lora.update()

    @torch.no_grad()
    def average(self):
        """As diffusers' EMAModel counts."""
        decay = 0 if self.updates == 0 else min(EMA_DECAY, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        torch._foreach_lerp_(self.shadow, [p.detach() for p in self.trained.masters], 1 - decay)


def step(networks, schedule, drawn, empty):
    laps = Laps()
    y, empty = drawn["y"], empty.expand_as(drawn["y"])

    z, last = drawn["z"], torch.full((len(y),), T - 1)
    alpha, sigma = schedule.alpha_sigma(last)
    x0 = (z - sigma * networks.generated(z, last, y)) / alpha
    laps.lap("student_forward")

    with torch.no_grad():
        x_t = schedule.add_noise(x0, drawn["noise"], drawn["t"])
        teacher = networks.taught(x_t, drawn["t"], y, empty)
        laps.lap("teacher")
        other = networks.adapted(x_t, drawn["t"], y, empty)
        g = torch.nan_to_num(schedule.alpha_sigma(drawn["t"])[1] ** 2 * (teacher - other))
    laps.lap("lora_teacher")

    loss = 0.5 * torch.nn.functional.mse_loss(x0, (x0 - g).detach())
    loss.backward()
    laps.lap("student_backward")
    networks.update_student()
    laps.lap("student_update")
    networks.average()
    laps.lap("ema")

    noise, t = drawn["lora_noise"], drawn["lora_t"]
    states = torch.where(drawn["lora_empty"][:, None, None], empty, y)
    predicted = networks.learned(schedule.add_noise(x0.detach(), noise, t), t, states)
    lora_loss = (schedule.alpha_sigma(t)[0] ** 2 * (predicted - noise) ** 2).mean()
    laps.lap("lora_forward")
    lora_loss.backward()
    laps.lap("lora_backward")
    networks.update_lora()
    laps.lap("lora_update")
    return laps.seconds, {"student_loss": loss.item(), "lora_loss": lora_loss.item()}


def build():
    """What the linear algebra of this PyTorch is."""
    shown = torch.__config__.show()
    lapack = re.search(r"LAPACK_INFO=(\w+)", shown) or re.search(r"BLAS_INFO=(\w+)", shown)
    libraries = [line.strip(" -") for line in shown.splitlines() if "Math Kernel Library" in line or "MKL-DNN" in line]
    return {"blas": lapack[1] if lapack else "unknown", "libraries": libraries, "cpu": torch.backends.cpu.get_cpu_capability()}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--mode", choices=("released", "best"), required=True)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--latents", type=int, default=32, help="width and height of latents")
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--attention", choices=("sdpa", "written"), default="sdpa", help="of the best mode")
    parser.add_argument(
        "--channels-last", action=argparse.BooleanOptionalAction, default=True, help="of the best mode's tensors"
    )
    return parser.parse_args()


def rounded(values):
    return {name: round(value, 6) for name, value in values.items()}


def main():
    arguments = parse()
    after_import = peak_mb()
    logging.set_verbosity_error()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    generator = torch.Generator("cpu").manual_seed(arguments.seed)
    schedule = Schedule(arguments.checkpoint)
    networks = {"released": Released, "best": Best}[arguments.mode](arguments)
    width = networks.student.config.cross_attention_dim
    empty = torch.randn(1, TOKENS, width, generator=generator)
    after_loading = peak_mb()

    seconds, parts = [], defaultdict(list)
    for n in range(arguments.steps):
        begun = time.perf_counter()
        drawn = draw(arguments, width, generator)
        laps, losses = step(networks, schedule, drawn, empty)
        seconds.append(time.perf_counter() - begun)
        for part, value in laps.items():
            parts[part].append(value)
        shown = {"step": n, "seconds": round(seconds[-1], 6), "parts": rounded(laps), **losses, "peak_mb": round(peak_mb(), 1)}
        print("STEP", json.dumps(shown), flush=True)

    kept = slice(WARM_UP if arguments.steps > WARM_UP else 0, None)
    end = {
        **{name: value for name, value in vars(arguments).items() if name != "checkpoint"},
        "parameters": sum(p.numel() for p in networks.student.parameters()),
        "median_seconds": round(statistics.median(seconds[kept]), 6),
        "median_parts": rounded({part: statistics.median(values[kept]) for part, values in parts.items()}),
        "peak_mb": round(peak_mb(), 1),
        "after_import_mb": round(after_import, 1),
        "after_loading_mb": round(after_loading, 1),
        **{package: version(package) for package in ("torch", "diffusers", "peft")},
        **build(),
        "threads": torch.get_num_threads(),
    }
    print("END", json.dumps(end), flush=True)


if __name__ == "__main__":
    main()
