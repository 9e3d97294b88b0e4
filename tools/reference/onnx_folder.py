"""Exports two of the tiny checkpoints as folders of ONNX files, as the two tools do that write such folders.

    python onnx_folder.py [--out FOLDER] [lcm] [sd1]

`lcm` by Optimum's own exporter, in single precision. `sd1` under the names, types and sizes that diffusers' own
conversion script gave its files before Optimum: opset 14, whole-number timesteps, every size but the states' width left
open, the UNet's weights in `weights.pb`, no configurations of networks. Both become a zip, without what is not needed to
draw, and both are held against the goldens beside the checkpoint they were made of.

Needs versions of its own, which are older than those of the goldens: see requirements-onnx.txt.
"""

import argparse
import json
import shutil
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from optimum.exporters.onnx import main_export
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import CLIPTextModel

RESOURCES = Path(__file__).resolve().parents[2] / "swiftbrush-runtime/src/test/resources"
WEIGHTS = {"text_encoder": "model", "unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}
LARGEST_DEVIATION = 2e-5  # over the standard deviation, as the goldens' float32_rounding is


def plain_copy(checkpoint, folder):
    """The checkpoint with one plain file of float32 weights for each network, which every version reads."""
    shutil.copytree(checkpoint, folder, ignore=shutil.ignore_patterns("*.safetensors*", "reference.json"))
    for part, name in WEIGHTS.items():
        tensors = {}
        for file in sorted((checkpoint / part).glob("*.safetensors")):
            with safe_open(file, "pt") as opened:
                tensors.update({key: opened.get_tensor(key) for key in opened.keys()})
        tensors = {key: t.float() if t.is_floating_point() else t for key, t in tensors.items()}
        save_file(tensors, folder / part / f"{name}.safetensors", metadata={"format": "pt"})


def by_optimum(plain, folder):
    main_export(str(plain), output=str(folder), task="text-to-image", do_validation=False)
    for file in folder.rglob("*.json"):  # where it was exported is nobody's business
        if file.name in ("model_index.json", "config.json"):
            config = json.loads(file.read_text("utf-8"))
            config.pop("_name_or_path", None)
            file.write_text(json.dumps(config, indent=2) + "\n", "utf-8")


class Plain(torch.nn.Module):
    """A network that takes its inputs in order and gives its first results alone."""

    def __init__(self, network, call):
        super().__init__()
        self.network, self.call = network, call

    def forward(self, *inputs):
        return self.call(self.network, *inputs)


def export(network, call, inputs, names, outputs, axes, file):
    file.parent.mkdir(parents=True)
    torch.onnx.export(
        Plain(network, call), inputs, str(file), input_names=names, output_names=outputs, dynamic_axes=axes,
        do_constant_folding=True, opset_version=14, dynamo=False,
    )


def as_before_optimum(plain, folder):
    text = CLIPTextModel.from_pretrained(plain / "text_encoder").eval()
    unet = UNet2DConditionModel.from_pretrained(plain / "unet").eval()
    vae = AutoencoderKL.from_pretrained(plain / "vae").eval()
    width, channels = unet.config.cross_attention_dim, unet.config.in_channels
    image = {0: "batch", 1: "channels", 2: "height", 3: "width"}
    export(
        text, lambda encoder, ids: tuple(encoder(ids, return_dict=False)[:2]), (torch.ones(1, 77, dtype=torch.int32),), ["input_ids"],
        ["last_hidden_state", "pooler_output"], {"input_ids": {0: "batch", 1: "sequence"}},
        folder / "text_encoder/model.onnx",
    )
    export(
        unet, lambda network, x, t, states: network(x, t, states, return_dict=False)[0],
        (torch.randn(2, channels, 8, 8), torch.tensor([999, 999]), torch.randn(2, 77, width)),
        ["sample", "timestep", "encoder_hidden_states"], ["out_sample"],
        {"sample": image, "timestep": {0: "batch"}, "encoder_hidden_states": {0: "batch", 1: "sequence"}},
        folder / "unet/model.onnx",
    )
    export(
        vae, lambda network, latents: network.decode(latents, return_dict=False)[0], (torch.randn(1, channels, 8, 8),),
        ["latent_sample"], ["sample"], {"latent_sample": image}, folder / "vae_decoder/model.onnx",
    )
    unet_file = folder / "unet/model.onnx"
    onnx.save_model(
        onnx.load(unet_file), str(unet_file), save_as_external_data=True, all_tensors_to_one_file=True,
        location="weights.pb", convert_attribute=False,
    )
    for part in ("tokenizer", "scheduler"):
        shutil.copytree(plain / part, folder / part)
    runtime = ["diffusers", "OnnxRuntimeModel"]
    index = json.loads((plain / "model_index.json").read_text("utf-8"))
    index.pop("unet"), index.pop("vae")
    index.update(
        _class_name="OnnxStableDiffusionPipeline", text_encoder=runtime, unet=runtime, vae_decoder=runtime,
        vae_encoder=runtime,
    )
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", "utf-8")


def run(file, **inputs):
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    kinds = {"tensor(int32)": np.int32, "tensor(int64)": np.int64, "tensor(float)": np.float32}
    given = {i.name: inputs[i.name].astype(kinds[i.type]).reshape([-1] * len(i.shape) or []) if len(i.shape) < 2
             else inputs[i.name].astype(kinds[i.type]) for i in session.get_inputs()}
    return session.run([session.get_outputs()[0].name], given)[0]


def check(checkpoint, folder, scaling_factor=0.18215):
    """Each file alone gives what the golden of its stage says; the stages before it are the golden's."""
    with safe_open(checkpoint / "reference.safetensors", "np") as opened:
        golden = {key: opened.get_tensor(key) for key in opened.keys()}
    for case in json.loads((checkpoint / "reference.json").read_text("utf-8"))["cases"]:
        stages = {key.split(".", 1)[1]: t for key, t in golden.items() if key.startswith(case["name"] + ".")}
        used = case["recipe"]
        embedding = stages.get("guidance_embedding")
        batch = len(stages["noise"])
        found = {
            "encoder_hidden_states": run(folder / "text_encoder/model.onnx", input_ids=stages["token_ids"]),
            "epsilon": run(
                folder / "unet/model.onnx", sample=stages["noise"] * np.float32(used["input_scale"]),
                timestep=np.array(used["timestep"]), encoder_hidden_states=stages["encoder_hidden_states"],
                timestep_cond=None if embedding is None else np.repeat(embedding, batch, 0),
            ),
            "image": run(
                folder / "vae_decoder/model.onnx", latent_sample=stages["latents"] / np.float32(scaling_factor)
            ),
        }
        for stage, value in found.items():
            apart = np.abs(value - stages[stage]).max() / stages[stage].std()
            print(f"   {checkpoint.name}/{case['name']} {stage}: {apart:.1e} apart")
            assert apart < LARGEST_DEVIATION, f"{stage} is {apart} apart"


def pack(folder, file):
    """The same bytes for the same files."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = path.relative_to(folder).as_posix()
            if not name.startswith("vae_encoder/"):
                entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
                packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    print(f"{file}: {file.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["lcm", "sd1"])
    parser.add_argument("--out", type=Path, default=RESOURCES / "onnx")
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    warnings.filterwarnings("ignore")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.names:
        checkpoint = RESOURCES / "reference" / name
        with tempfile.TemporaryDirectory() as scratch:
            plain, folder = Path(scratch) / "plain", Path(scratch) / "onnx"
            plain_copy(checkpoint, plain)
            {"lcm": by_optimum, "sd1": as_before_optimum}[name](plain, folder)
            check(checkpoint, folder)
            pack(folder, arguments.out / f"{name}.zip")


if __name__ == "__main__":
    main()
