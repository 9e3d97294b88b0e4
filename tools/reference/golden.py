"""What the goldens of training share: where they lie, how they are written, and how far float32 alone is from the truth."""

import platform
import re
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import save_file

from vocabulary import write_json

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINTS = ROOT / "swiftbrush-runtime/src/test/resources/reference"
RESOURCES = ROOT / "swiftbrush-train/src/test/resources/reference"


def norm(tensor):
    return tensor.double().norm().item()


def fingerprint(tensor):
    """[norm, projection]: the projection is the sum of value i times cos(i), i counted through the tensor row by row."""
    flat = tensor.detach().double().flatten()
    projection = torch.dot(flat, torch.cos(torch.arange(flat.numel(), dtype=torch.float64))).item()
    return [float(f"{value:.7g}") for value in (norm(flat), projection)]


def relative(a, b):
    """Norm of the difference over the norm of `b`: the measure of every tolerance of training."""
    return norm(a.double() - b.double()) / norm(b)


def worst(a, b):
    """The largest relative difference between tensors of the same name."""
    assert a.keys() == b.keys()
    return max(relative(a[name], b[name]) for name in a)


def rounded(value):
    return float(f"{value:.1e}")


def normals(seed, *shape):
    """Standard normal float32 values of a generator of their own."""
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


def write(name, tensors, described):
    """Writes `name`.safetensors and `name`.json under the tests' resources."""
    path = RESOURCES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.detach().clone().contiguous() for key, value in tensors.items()}, f"{path}.safetensors")
    packages = ("torch", "diffusers", "peft", "safetensors", "numpy")
    Path(f"{path}.safetensors").chmod(0o644)
    made = {"python": platform.python_version(), **{p: version(p) for p in packages}}
    write_json(f"{path}.json", {**described, "made_with": made})
    shorten(Path(f"{path}.json"))
    sizes = [Path(f"{path}.{kind}").stat().st_size / 1000 for kind in ("safetensors", "json")]
    print(f"{name}: {sizes[0]:.0f} kB + {sizes[1]:.0f} kB")


def shorten(file):
    """Puts lists of plain values on one line."""
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: "[" + re.sub(r"\s*\n\s*", " ", m[1]) + "]", file.read_text("utf-8"))
    file.write_text(text, "utf-8")
