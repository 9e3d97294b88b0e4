"""A reduced CLIP vocabulary, so that tiny checkpoints stay tiny.

CLIP's merges (MIT, OpenAI) are read from the open-clip-torch package; the first few hundred are kept. Every text still
has token ids, since the 256 byte symbols are all there, alone and at the end of a word.
"""

import gzip
import importlib.util
import json
import zipfile
from pathlib import Path

from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
MERGES_FILE = "bpe_simple_vocab_16e6.txt.gz"


def read_merges(source, count):
    """The first `count` of CLIP's merges, from an open-clip wheel, the .txt.gz itself, or the installed package (None)."""
    if source is None:
        package = importlib.util.find_spec("open_clip")
        if package is None:
            raise SystemExit("open_clip is not installed; give --vocabulary the wheel or " + MERGES_FILE)
        source = Path(package.origin).parent / MERGES_FILE
    if str(source).endswith(".whl"):
        with zipfile.ZipFile(source) as wheel:
            packed = wheel.read("open_clip/" + MERGES_FILE)
    else:
        packed = Path(source).read_bytes()
    lines = gzip.decompress(packed).decode("utf-8").split("\n")
    return lines[1 : count + 1]  # line 0 is the file's title


def byte_symbols():
    """One printable character per byte, in the order of CLIP's ids: printable bytes stand for themselves."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = 256 - len(printable)
    return [chr(byte) for byte in printable] + [chr(256 + n) for n in range(others)]


def vocabulary(merges):
    """token -> id, in CLIP's order: bytes, bytes at a word's end, merges, the two special tokens."""
    symbols = byte_symbols()
    tokens = symbols + [s + "</w>" for s in symbols] + ["".join(m.split()) for m in merges] + [START, END]
    return {token: id for id, token in enumerate(tokens)}


def write_slow_files(folder, merges, pad_token, max_length, stale_pad_in_config=False):
    """vocab.json, merges.txt and the two configuration files, laid out as Stable Diffusion checkpoints on the hub are.

    SD 2.x checkpoints name the pad token "!" in special_tokens_map.json alone; tokenizer_config.json still says
    `<|endoftext|>` there (stale_pad_in_config), and the map wins.
    """

    def special(content):
        return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}

    def added(content):
        return {"__type": "AddedToken", **special(content)}

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary(merges), ensure_ascii=False, separators=(",", ":")), "utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", "utf-8")
    write_json(
        folder / "tokenizer_config.json",
        {
            "add_prefix_space": False,
            "bos_token": added(START),
            "do_lower_case": True,
            "eos_token": added(END),
            "errors": "replace",
            "model_max_length": max_length,
            "pad_token": END if stale_pad_in_config else pad_token,
            "tokenizer_class": "CLIPTokenizer",
            "unk_token": added(END),
        },
    )
    write_json(
        folder / "special_tokens_map.json",
        {"bos_token": special(START), "eos_token": special(END), "pad_token": pad_token, "unk_token": special(END)},
    )


def write_fast_files(folder, merges, pad_token, max_length):
    """tokenizer.json and tokenizer_config.json, as transformers 5 saves them."""
    pairs = [tuple(m.split()) for m in merges]
    tokenizer = CLIPTokenizer(vocabulary(merges), pairs, pad_token=pad_token, model_max_length=max_length)
    tokenizer.save_pretrained(folder)


def write_json(path, value):
    Path(path).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
