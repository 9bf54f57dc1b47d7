"""Trains the pair: one least-squares fit for images, one for texts.

python -m testing.text_pair.training FOLDER
"""

import json
import re
import sys
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from lookalike.embedding.runtimes.graphs import core
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.specs.pairs import MANIFEST
from lookalike.records import Pixels
from lookalike.samples import PAINTERS
from lookalike.samples.canvas import Size, lit
from testing.text_pair import encoders
from testing.text_pair.captions import COLOURS, FORMS, caption, colour_of
from testing.text_pair.encoders import SIZE, Numbers

#: Drawings of each class to train with, smaller than those of the demo: a class looks the same at any size.
PER_CLASS = 15
SIZES = (Size(224, 168), Size(168, 224), Size(196, 196))
#: Of the ridge regressions.
PENALTY = 100.0
COLOUR_PENALTY = 1.0


class Drawings(NamedTuple):
    """Images, uint8 [N, 224, 224, 3], and of each its class and its colour."""

    pixels: Pixels
    labels: list[str]
    colours: list[str]


def drawings(per_class: int = PER_CLASS, seed: int = 11) -> Drawings:
    """Drawings of all classes; the seed is none of the demo's."""
    made: list[tuple[Any, str]] = []
    for label, paint in PAINTERS.items():
        for number in range(per_class):
            rng = np.random.default_rng([seed, zlib.crc32(label.encode()), number])
            picture = lit(rng, paint(rng, SIZES[number % len(SIZES)]))
            made.append((np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BILINEAR)), label))
    pixels = np.stack([picture for picture, _ in made])
    return Drawings(pixels, [label for _, label in made], [colour_of(picture) for picture in pixels])


def write_pair(folder: Path, drawn: Drawings) -> Path:
    """Train the pair and write it with its manifest; returns `folder`, which --model takes."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = _targets(drawn)
    features = _features(drawn.pixels)
    mean, spread = features.mean(axis=0), features.std(axis=0) + np.float32(1e-6)
    kernel = _image_kernel((features - mean) / spread, wanted) / spread[:, None]
    texts = [
        caption(*shown, form) for form in range(len(FORMS)) for shown in zip(drawn.colours, drawn.labels, strict=True)
    ]
    words = sorted({word for text in texts for word in _words(text)})
    table = _fitted(_counts(texts, words), np.tile(wanted, (len(FORMS), 1)), 1.0)
    unknown = np.zeros((1, table.shape[1]), np.float32)
    openvino.serialize(encoders.image_encoder(kernel, -mean @ kernel), folder / "image.xml")
    openvino.serialize(encoders.text_encoder(np.concatenate([unknown, table])), folder / "text.xml")
    encoders.write_tokenizer(folder / "tokenizer.json", words)
    manifest = {
        "image": {"model": "image.xml", "preprocessing": "none"},
        "text": {"model": "text.xml", "tokenizer": "tokenizer.json"},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2))
    return folder


def _targets(drawn: Drawings) -> Numbers:
    """[N, D], the space: a direction for each colour and for each class, around the mean of all drawings."""
    colours, labels = list(COLOURS), list(PAINTERS)
    wanted = np.zeros((len(drawn.labels), len(colours) + len(labels)), np.float32)
    for row, colour, label in zip(wanted, drawn.colours, drawn.labels, strict=True):
        row[colours.index(colour)] = row[len(colours) + labels.index(label)] = 1
    centred: Numbers = wanted - wanted.mean(axis=0)
    return centred


def _image_kernel(features: Numbers, wanted: Numbers) -> Numbers:
    """The matrix [F, D]: colours from what was counted of colours, classes from the features of the backbone."""
    count = len(COLOURS)
    kernel = np.zeros((features.shape[1], wanted.shape[1]), np.float32)
    kernel[:count, :count] = _fitted(features[:, :count], wanted[:, :count], COLOUR_PENALTY)
    kernel[count:, count:] = _fitted(features[:, count:], wanted[:, count:], PENALTY)
    return kernel


def _features(pixels: Pixels) -> Numbers:
    compiled = core().compile_model(encoders.image_features(), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    parts = [compiled(pixels[start : start + 8].astype(np.float32))[0] for start in range(0, len(pixels), 8)]
    return np.concatenate(parts)


def _counts(texts: list[str], words: list[str]) -> Numbers:
    """[N, V]: the share of each word in each text, as the mean of its embeddings has it."""
    counts = np.zeros((len(texts), len(words)), np.float32)
    for row, text in zip(counts, texts, strict=True):
        found = _words(text)
        for word in found:
            row[words.index(word)] += 1 / len(found)
    return counts


def _words(text: str) -> list[str]:
    """As the tokenizer cuts it: commas are words as well."""
    return re.findall(r"\w+|[^\w\s]+", text.lower())


def _fitted(inputs: Numbers, wanted: Numbers, penalty: float) -> Numbers:
    """The matrix [C, D] of a ridge regression."""
    x = inputs.astype(np.float64)
    solved: Numbers = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ wanted).astype(np.float32)
    return solved


if __name__ == "__main__":
    print(write_pair(Path(sys.argv[1]), drawings()))
