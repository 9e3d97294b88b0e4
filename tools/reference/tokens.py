"""Records what transformers' CLIPTokenizer makes of some 350 prompts, for the runtime's tokenizer tests.

    python tokens.py bpe_simple_vocab_16e6.txt.gz swiftbrush-runtime/src/test/resources/text/clip-tokens.json.gz

The first argument is CLIP's vocabulary as open_clip ships it (it lies beside the second). Three tokenizer folders are
written to a temporary place in the layout that the public checkpoints have, and loaded with
CLIPTokenizer.from_pretrained: "sd1" (Stable Diffusion 1.x, pads with the end token), "sd2" (2.x, pads with "!") and
"inverted" (1.x with a token of a textual inversion added). Saved again as tokenizer.json they must give the same ids.

A recorded line is {"prompt", "sd1", "sd2", "inverted"}, and for each tokenizer {"ids", "tokens", "dropped"}: the ids
without padding, the number of tokens of the whole prompt, and for a truncated prompt the text from the first dropped
token on. "sd2" and "inverted" are left out where they equal "sd1".
"""

import argparse
import gzip
import json
import tempfile
from pathlib import Path

import tokenizers
import transformers
from transformers import CLIPTokenizer

LENGTH = 77
MERGES = 49152 - 256 - 2
START, END = "<|startoftext|>", "<|endoftext|>"


def byte_characters() -> list[str]:
    """The 256 characters that stand for bytes: the printable ones of Latin-1 first, then stand-ins from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(b) for b in printable] + [chr(0x100 + n) for n in range(256 - len(printable))]


def write_vocabulary(archive: Path, folder: Path) -> None:
    lines = gzip.decompress(archive.read_bytes()).decode("utf-8").split("\n")
    merges = lines[1 : 1 + MERGES]
    letters = byte_characters()
    tokens = letters + [c + "</w>" for c in letters] + [merge.replace(" ", "") for merge in merges] + [START, END]
    assert len(set(tokens)) == 49408
    folder.joinpath("vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}), "utf-8")
    folder.joinpath("merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", "utf-8")


def added(content: str, **more) -> dict:
    return {**more, "content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}


def write_config(folder: Path, pad: str, inverted: dict[str, int]) -> None:
    marked = {"__type": "AddedToken"}
    config = {
        "add_prefix_space": False,
        "bos_token": added(START, **marked),
        "do_lower_case": True,
        "eos_token": added(END, **marked),
        "errors": "replace",
        "model_max_length": LENGTH,
        "pad_token": END,
        "tokenizer_class": "CLIPTokenizer",
        "unk_token": added(END, **marked),
    }
    names = {"bos_token": added(START), "eos_token": added(END), "pad_token": pad, "unk_token": added(END)}
    folder.joinpath("tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    folder.joinpath("special_tokens_map.json").write_text(json.dumps(names), "utf-8")
    if inverted:
        folder.joinpath("added_tokens.json").write_text(json.dumps(inverted), "utf-8")


def load(archive: Path, pad: str, inverted: dict[str, int] | None = None) -> list[CLIPTokenizer]:
    """The tokenizer of a folder as published, and the same saved as tokenizer.json and loaded again."""
    with tempfile.TemporaryDirectory() as published, tempfile.TemporaryDirectory() as saved:
        write_vocabulary(archive, Path(published))
        write_config(Path(published), pad, inverted or {})
        first = CLIPTokenizer.from_pretrained(published)
        first.save_pretrained(saved)
        return [first, CLIPTokenizer.from_pretrained(saved)]


def prompts() -> list[str]:
    subjects = ["a cat", "an astronaut riding a horse", "a bowl of ramen", "two dogs", "a lighthouse at dusk",
                "an old fisherman", "a robot painter", "a castle on a hill", "the Eiffel Tower", "a red bicycle"]
    styles = ["oil painting", "studio photo, 85mm f/1.8, bokeh", "pixel art", "in the style of Ukiyo-e",
              "trending on ArtStation, 8k, highly detailed", "watercolour on paper", "line drawing", "octane render"]
    captions = [f"{s}, {t}" for s in subjects for t in styles]
    plain = ["cat", "A", "z", "Hello, World", "the quick brown fox jumps over the lazy dog",
             "supercalifragilisticexpialidocious", "antidisestablishmentarianism", "photo", "Photo", "PHOTO",
             "McDonald's iPhone eBay YouTube", "aBcDeFgHiJ", "ALL CAPS PROMPT OF A LION", "tHe MiXeD cAsE"]
    punctuation = [".", ",", "?", "...", "?!", ";;;", "a,b,c", "a , b , c", "(((masterpiece)))", "[cat:dog:0.5]",
                   "cat_dog", "cat-dog", "cat--dog", "cat/dog\\bird", "\"quoted\" 'single' `back`", "50% off & more",
                   "a+b=c", "{x|y|z}", "~#@^*", "e-mail: someone@example.com", "https://example.com/a?b=c&d=%20",
                   "«guillemets» „low“ ‘curly’ “double”", "em—dash en–dash", "a…b", "¿qué? ¡hola!", "C++ & C#",
                   ".,;:!?", "--", "<>", "<3", ":-)", "¯\\_(ツ)_/¯", "a.b.c.d", "...cat...", "#hashtag @mention $9.99"]
    numbers = ["1", "42", "1234567890", "3.14159", "1,000,000", "1/2", "½ ¾ ⅓", "²³¹", "Ⅷ", "①②③", "٣٤٥", "१२३",
               "10x", "4k 8K 16:9", "2023-11-05 12:34:56", "0x1F600", "-1.5e-10", "1st 2nd 3rd", "٪", "𝟙𝟚𝟛", "五百"]
    contractions = ["it's", "don't", "we're", "I've", "I'm", "she'll", "he'd", "IT'S", "DON'T", "o'clock", "'tis",
                    "rock'n'roll", "it’s don’t", "'s", "'S", "'", "''", "'ll 're 've", "y'all'd've", "cat's' dog''s",
                    "John's've", "can'tt", "'ſ"]
    marks = ["!", "!!", "!!!", "a!", "!a", "a!b", "a ! b", "wow!!! great! cat!dog", "! ! !", "!" * 20, "!" * 74,
             "!" * 75, "!" * 76, "!" * 80, "?!?!", "cat!!!!!!!!!!dog", "!?", "!.", "!'s", "'!'", "hello!\n!world",
             "¡!", "！", "!\u0301", "!️", "<!-- cat -->", "a!1!b", "!!a cat!!", "cat !", " !", "! ", "cat!" * 30]
    accents = ["café", "cafe\u0301", "naïve façade", "nai\u0308ve fac\u0327ade", "Ångström", "A\u030angstro\u0308m",
               "Łódź", "İstanbul ıI", "straße STRASSE ẞ", "Ǆ ǅ ǆ", "ﬁ ﬂ ﬀ", "ÀÉÎÕÜ", "crème brûlée", "Dvořák",
               "Zażółć gęślą jaźń", "e\u0301\u0302\u0303\u0304", "\u0301", "a\u0316\u0301 vs a\u0301\u0316", "Å Å K Ω",
               "Ça va?", "ñandú", "n\u0303andu\u0301", "ΑΒΓ αβγς ΣΑΣ", "Привет, мир", "Ёжик йод", "И\u0306",
               "zalgo: c\u0335\u0321\u0301a\u0334\u0322t\u0337", "ſ Ŀ ŉ", "㎏ ㏒ ℃", "ａｂｃ ＡＢＣ", "𝓒𝓪𝓽 𝕮𝖆𝖙"]
    emoji = ["😀", "a 😀 cat", "😀😀😀", "👍🏽", "👨‍👩‍👧‍👦", "family 👨‍👩‍👧 photo", "🏳️‍🌈", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇩🇪", "🇺🇸🇯🇵", "❤️", "❤", "☺️ ☺",
             "1️⃣ #️⃣", "🧑🏿‍🚀 on the moon", "👩🏻‍🤝‍👩🏿", "cat😀dog", "😀!", "!😀", "🤷‍♀️", "🐈‍⬛", "\u200d", "\ufe0f",
             "😀" * 40, "👨‍👩‍👧‍👦" * 12, "🦄🌈✨ magical", "⚡️", "🫠", "🪿 goose", "☠︎ ☠️"]
    scripts = ["一只猫坐在垫子上", "猫", "猫が好きです", "カタカナ ｶﾀｶﾅ", "が か\u3099", "고양이", "\u1100\u1161\u11a8 각", "漢字かな交じり文",
               "中文，标点。「引号」", "𠮷野家", "قطة على السجادة", "مَرْحَبًا", "עברית", "שָׁלוֹם", "a cat قطة and חתול",
               "\u202eright to left\u202c", "\u200fcat\u200e", "ﷺ", "แมวนั่งบนเสื่อ", "กำลัง", "बिल्ली चटाई पर", "क्षत्रिय", "বিড়াল",
               "பூனை", "ಬೆಕ್ಕು", "ម្ជុល", "ꦏꦸꦕꦶꦁ", "མི", "ᚠᚢᚦ", "𐍈𐌰", "ქართული ᲥᲐᲠᲗᲣᲚᲘ", "Հայերեն", "አማርኛ", "ᏣᎳᎩ ꮳꮃꭹ",
               "Việt Nam", "Vie\u0302\u0323t", "Ελληνικά", "Ἀθῆναι", "тест тест", "𝒳𝒴𝒵", "中" * 40, "ก" * 90]
    spaces = ["", " ", "   ", "\t", "\n", "\r\n", " cat", "cat ", "  cat  ", "a\tcat", "a\ncat", "a\r\ncat\r\n",
              "a  cat   on    mat", "a\u00a0cat", "a\u2003cat", "a\u3000cat", "a\u200bcat", "a\ufeffcat", "\ufeffa cat",
              "a\u2028cat\u2029", "a\u0085cat", "a\u1680cat", "a\u180ecat", "line one\nline two\n\nline four",
              "\tindented\n\t\tmore", "a\u000bcat\u000c", "soft\u00adhyphen"]
    controls = ["\x00", "a\x00cat", "a\x01\x02cat", "\x07bell", "\x1b[31mred\x1b[0m", "a\x7fcat", "\x80\x9f", "a\x1ccat\x1f",
                "\ufffd", "\ufffe\uffff", "\ue000", "\U0010ffff", "\U000e0001", "\u0378", "a\u2060b", "\x00" * 80]
    markup = ["<b>bold</b> cat", "&lt;cat&gt; &amp;amp; &quot;dog&quot;", "&#39;", "<img src=\"cat.png\" alt='x'>",
              "<script>alert('cat')</script>", "{\"cat\": [1, 2]}", "\\u0041 \\n", "%s %d {0}", "<lora:cat:0.8>",
              "a cat<br/>a dog", "&nbsp;", "&eacute;", "**bold** _it_", "$HOME `ls`", "cat; DROP TABLE cats;--"]
    special = [END, START, f"a cat {END} a dog", f"{START}a cat{END}", END * 3, "<|ENDOFTEXT|>", "<|StartOfText|> cat",
               "<|endoftext|", "<|endoftext |>", "< |endoftext|>", f"cat{END}dog", f"!{END}!", "<|pad|>", "<pad>",
               f" {END} ", f"{END}{START}", "<|endoftext|>'s", "endoftext", "</w>", "cat</w>", "Ġcat", "<unk>",
               "<|ｅｎｄｏｆｔｅｘｔ|>", f"{START} {START} {START}", "<|endoftext|>" * 80]
    inverted = ["<cat-toy>", "a <cat-toy> on a mat", "a <CAT-TOY> on a mat", "<cat-toy><cat-toy>", "a<cat-toy>b",
                "<cat-toy>!", "<cat- toy>"]
    word = "cat "
    long = [word * n for n in (10, 74, 75, 76, 77, 100, 500)]
    long += [(word * 75).strip() + tail for tail in ("!", " 😀", ".", " é", " e\u0301", "\u0301", "\n\n", " 猫が")]
    long += ["é" * 30 + word * 80, "e\u0301 " * 90, "😀 cat " * 40, "a" * 100, "a" * 2000, "ab" * 600, "1" * 90,
             "👩‍🚀 on 🌕, " * 20, "lorem ipsum dolor sit amet, consectetur adipiscing elit, " * 8, ", ".join(captions[:12]),
             "x" * 300 + " " + "y" * 300, "word, " * 60, "  spaced   out  " * 60, "ǅ" * 90, "İ " * 60, "ß" * 200]
    every = (plain + captions + punctuation + numbers + contractions + marks + accents + emoji + scripts + spaces
             + controls + markup + special + inverted + long)
    return list(dict.fromkeys(every))


def record(prompt: str, published: CLIPTokenizer, saved: CLIPTokenizer) -> dict:
    padded = published(prompt, padding="max_length", truncation=True, max_length=LENGTH).input_ids
    assert padded == saved(prompt, padding="max_length", truncation=True, max_length=LENGTH).input_ids, prompt
    whole = published(prompt, return_offsets_mapping=True)
    tokens = len(whole.input_ids)
    used = min(tokens, LENGTH)
    assert padded[used:] == [published.pad_token_id] * (LENGTH - used)
    recorded = {"ids": padded[:used], "tokens": tokens}
    if tokens > LENGTH:
        recorded["dropped"] = prompt[whole.offset_mapping[LENGTH - 1][0] :]
    return recorded


def line(prompt: str, variants: dict[str, list[CLIPTokenizer]]) -> dict:
    records = {name: record(prompt, *pair) for name, pair in variants.items()}
    return {"prompt": prompt} | {name: r for name, r in records.items() if name == "sd1" or r != records["sd1"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vocabulary", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()  # prompts over the limit are what is recorded
    variants = {
        "sd1": load(arguments.vocabulary, END),
        "sd2": load(arguments.vocabulary, "!"),
        "inverted": load(arguments.vocabulary, END, {"<cat-toy>": 49408}),
    }
    lines = [line(prompt, variants) for prompt in prompts()]
    whole = {
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "length": LENGTH,
        "pad": {name: published.pad_token_id for name, (published, _) in variants.items()},
        "prompts": lines,
    }
    text = json.dumps(whole, separators=(",", ":"))
    arguments.out.write_bytes(gzip.compress(text.encode("ascii"), 9, mtime=0))
    print(f"{len(lines)} prompts, {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
