"""What diffusers' multi-step samplers make of a fixed noise.

    python samplers.py

DDIM: Song et al. (arXiv 2010.02502). DPM-Solver++ 2M: Lu et al. (arXiv 2211.01095). The network is a formula, so that another
implementation can be compared to the last digit; two runs have the tiny UNet instead, with classifier-free guidance.
"""

import math
from itertools import product

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, UNet2DConditionModel
from diffusers.utils import logging

from golden import CHECKPOINTS, normals, relative, rounded, write

SCHEDULE = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
PREDICTIONS = ("epsilon", "v_prediction")
COUNTS = (1, 4, 7, 10, 25)  # 7 does not divide 1000; DPM-Solver++ treats 15 steps and more differently
MORE_COUNTS = (2, 3, 26, 48, 112)  # with ties to round among their timesteps
GUIDANCE = 4.5


def ddim(prediction, spacing, to_one):
    return DDIMScheduler(
        **SCHEDULE,
        prediction_type=prediction,
        timestep_spacing=spacing,
        steps_offset=1,
        clip_sample=False,
        set_alpha_to_one=to_one,
    )


def dpm(prediction, spacing, final):
    return DPMSolverMultistepScheduler(
        **SCHEDULE,
        prediction_type=prediction,
        timestep_spacing=spacing,
        steps_offset=1,
        algorithm_type="dpmsolver++",
        solver_order=2,
        solver_type="midpoint",
        lower_order_final=True,
        final_sigmas_type=final,
    )


def formula(x, t):
    """Stands for a network: depends on the latents, on the time, and on both at once."""
    return 0.3 * x + 0.1 * math.sin(0.01 * t) + 0.2 * torch.sin(x + 0.003 * t)


def sample(scheduler, count, x, model):
    """The timesteps and the latents after every step."""
    scheduler.set_timesteps(count)
    steps = scheduler.timesteps.tolist()
    trajectory = []
    for t in scheduler.timesteps:
        x = scheduler.step(model(x, t.item()), t, x).prev_sample
        trajectory.append(x)
    return steps, torch.stack(trajectory)


def formulas():
    """Every setting with the formula as the network; the last latents of each."""
    x = normals(31, 4, 4, 4).double()
    tensors, cases = {"x": x.float()}, []

    def case(sampler, prediction, spacing, count, scheduler, **described):
        timesteps, trajectory = sample(scheduler, count, x, formula)
        name = "-".join([sampler, prediction, spacing, *(str(v) for v in described.values()), str(count)]).lower()
        tensors[name] = trajectory[-1].float()
        cases.append(
            dict(name=name, sampler=sampler, prediction=prediction, spacing=spacing, **described, steps=count, timesteps=timesteps)
        )

    for prediction, count in product(PREDICTIONS, COUNTS):
        for spacing, to_one in product(("trailing", "leading"), (False, True)):
            scheduler = ddim(prediction, spacing, to_one)
            case("ddim", prediction, spacing, count, scheduler, set_alpha_to_one=to_one)
        for spacing, final in product(("trailing", "leading", "linspace"), ("zero", "sigma_min")):
            scheduler = dpm(prediction, spacing, final)
            case("dpm", prediction, spacing, count, scheduler, final_sigmas_type=final)
    described = {"schedule": SCHEDULE, "steps_offset": 1, "cases": cases, "timesteps": list(more_timesteps())}
    write("samplers/formula", tensors, described)


def more_timesteps():
    spacings = ("trailing", "leading", "linspace")
    for sampler, spacing, count in product(("ddim", "dpm"), spacings, MORE_COUNTS):
        scheduler = (ddim if sampler == "ddim" else dpm)("epsilon", spacing, False if sampler == "ddim" else "zero")
        scheduler.set_timesteps(count)
        yield dict(sampler=sampler, spacing=spacing, steps=count, timesteps=scheduler.timesteps.tolist())


@torch.no_grad()
def network():
    """Ten steps of each sampler with the tiny UNet and classifier-free guidance."""
    unet = UNet2DConditionModel.from_pretrained(CHECKPOINTS / "sd2/unet", torch_dtype=torch.float32)
    inputs = {
        "x": normals(41, 1, 4, 8, 8),
        "encoder_hidden_states": normals(42, 1, 9, unet.config.cross_attention_dim),
        "empty": normals(43, 1, 9, unet.config.cross_attention_dim),
    }

    def run(scheduler, dtype):
        x, y, empty = (value.to(dtype) for value in inputs.values())
        unet.to(dtype)

        def guided(x, t):
            unconditional, conditional = unet(torch.cat([x, x]), t, encoder_hidden_states=torch.cat([empty, y])).sample.chunk(2)
            return unconditional + GUIDANCE * (conditional - unconditional)

        return sample(scheduler, 10, x, guided)

    tensors, cases = dict(inputs), []
    for name, scheduler in {
        "ddim": ddim("epsilon", "leading", False),
        "dpm": dpm("epsilon", "linspace", "zero"),
    }.items():
        timesteps, trajectory = run(scheduler, torch.float32)
        rounding = rounded(relative(trajectory, run(scheduler, torch.float64)[1]))
        assert rounding < 2e-5, f"{name}: float32 alone moves it {rounding}"
        tensors[name] = trajectory
        cases.append({"name": name, "timesteps": timesteps, "float32_rounding": rounding})
    described = {"checkpoint": "sd2", "guidance": GUIDANCE, "spacing": {"ddim": "leading", "dpm": "linspace"}, "cases": cases}
    write("samplers/network", tensors, described)


def main():
    torch.set_num_threads(1)  # one order of additions
    logging.set_verbosity_error()
    formulas()
    network()


if __name__ == "__main__":
    main()
