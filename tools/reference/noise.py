"""Records what torch.randn draws on the CPU, for the runtime's noise tests.

    python noise.py swiftbrush-runtime/src/test/resources/noise/torch-cpu-randn.json

Each entry is one call of torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed)) in float32. Up to 300
numbers are recorded whole; of a larger tensor the first and last 32, and the float64 sums of consecutive runs of 64, so
that no number goes unchecked.
"""

import argparse
import json
import math
from pathlib import Path

import torch

SEEDS = [0, 1, 42, 2**32 - 1, 2**32 + 42, 2**63 - 1, -1, -42, -(2**63)]
SHAPES = [[1], [3], [15], [16], [17], [31], [32], [100], [2, 4, 5, 7], [1, 4, 8, 8], [3, 4, 11, 13], [1, 4, 64, 64]]
WHOLE = 300
EDGE = 32
RUN = 64


def numbers(values: torch.Tensor) -> list[float]:
    return [float(f"{value:.9g}") for value in values.tolist()]


def entry(seed: int, shape: list[int]) -> dict:
    drawn = torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed), dtype=torch.float32).flatten()
    recorded = {"seed": seed, "shape": shape}
    if drawn.numel() <= WHOLE:
        recorded["values"] = numbers(drawn)
    else:
        recorded["first"] = numbers(drawn[:EDGE])
        recorded["last"] = numbers(drawn[-EDGE:])
        recorded["run"] = RUN
        recorded["sums"] = [round(math.fsum(run.tolist()), 7) for run in drawn.split(RUN)]
    return recorded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    torch.set_num_threads(1)
    draws = [entry(seed, shape) for seed in SEEDS for shape in SHAPES]
    lines = ",\n".join(json.dumps(draw, separators=(",", ":")) for draw in draws)
    head = json.dumps({"torch": torch.__version__, "cpu": torch.backends.cpu.get_cpu_capability()})[1:-1]
    out.write_text(f'{{{head}, "draws": [\n{lines}\n]}}\n')
    print(f"{len(draws)} draws, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
