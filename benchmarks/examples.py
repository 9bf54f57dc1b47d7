"""Searches by several examples compared with searches by one image: P@10 on labelled folders, exact searches.

Two positive examples against one, a positive and a negative one against the positive one alone, and a region of a sheet
of four images against the whole sheet.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.material import SHARED
from benchmarks.table import console
from lookalike.batches import batched
from lookalike.embedding import Embedder, load, resolve
from lookalike.images import decode, decode_region
from lookalike.queries.mixing import mixed
from lookalike.queries.region import WHOLE, Region
from lookalike.records import Metric, Pixels, Vector, Vectors
from lookalike_evaluation.metrics import half_width
from lookalike_evaluation.split import Split, split

MODEL = "efficientnet-lite0"
FOLDERS = ("celebrities", "objects")
SEEDS = int(os.environ.get("SEEDS", "5"))
SHARE = 0.2
K = 10
#: Of the first match of another class, as somebody would give it who sees that match.
NEGATIVE = -1.0
BATCH = 32
MAX_PIXELS = 10**8
INTRODUCTION = """\
## Searches by several examples

P@{k} of {model}, exact searches, the splits of the other tables. *Two* is a query with the next query of its class.
*And not* is a query with its first wrong match as a negative example of weight {negative:g}, against the query alone;
that match counts in neither. *Region* is a quarter of a sheet of two by two queries of different classes, against the
whole sheet; the image alone is the bound. `python -m benchmarks examples` measures this table alone.

| folder | search | queries | P@{k} | against | P@{k} |
| --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Labelled:
    """The images of a folder: `vectors` are of unit length, float32 [N, D]; `labels` [N]."""

    name: str
    paths: Sequence[Path]
    vectors: Vectors
    labels: NDArray[np.str_]

    def precision(self, one: Split, query: Vector, label: str, leave_out: Sequence[int] = ()) -> float:
        """P@K of a query among the stored images of a split, without some of them."""
        nearest = [position for position in self.nearest(one, query) if position not in leave_out]
        return float(np.mean(self.labels[nearest[:K]] == label))

    def nearest(self, one: Split, query: Vector) -> list[int]:
        """A few more positions of stored images than count, nearest first."""
        stored = np.asarray(one.stored)
        found: list[int] = stored[np.argsort(-(self.vectors[stored] @ query))[: K + 1]].tolist()
        return found


@dataclass(frozen=True)
class Compared:
    """P@K of each query, searched for in two ways."""

    search: str
    against: str
    each: list[tuple[float, float]]


Comparison = Callable[[Labelled, Split], Compared]


def main() -> None:
    console.print(section(), markup=False)


def section() -> str:
    """The part of docs/quality.md, for the folders that are here."""
    with tempfile.TemporaryDirectory() as temporary:
        embed = load(resolve(MODEL), home=Path(os.environ.get("LOOKALIKE_HOME", temporary)), precision="f32")
        rows = [row for name in FOLDERS for row in _rows(name, embed)]
    return INTRODUCTION.format(k=K, model=MODEL, negative=NEGATIVE) + "\n".join(rows) + "\n"


def _rows(name: str, embed: Embedder) -> Iterator[str]:
    paths = sorted((SHARED / "data" / name).rglob("*.jp*g"))
    if not paths:
        return
    found = labelled(name, paths, embed)
    splits = [split(list(found.labels), SHARE, seed) for seed in range(SEEDS)]
    for compare in (two, and_not):
        yield _row(name, [compare(found, one) for one in splits])
    # Each sheet is decoded and embedded, so one split is enough.
    for compared in region(found, splits[0], embed):
        yield _row(name, [compared])


def labelled(name: str, paths: Sequence[Path], embed: Embedder) -> Labelled:
    """The label of an image is the name of its folder."""
    pixels = (decode(path.read_bytes(), max_pixels=MAX_PIXELS, size=embed.size).pixels for path in paths)
    vectors = np.concatenate([_embedded(embed, some) for some in batched(pixels, BATCH)])
    return Labelled(name, paths, vectors, np.array([path.parent.name for path in paths]))


def _embedded(embed: Embedder, pixels: Sequence[Pixels]) -> Vectors:
    """Of unit length."""
    vectors = embed(np.stack(pixels))
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def two(found: Labelled, one: Split) -> Compared:
    """Each query with the next one of its class; classes with a single query are left out."""
    each = []
    for position in one.queries:
        label = str(found.labels[position])
        others = [other for other in one.queries if found.labels[other] == label]
        other = others[(others.index(position) + 1) % len(others)]
        if other != position:
            both = mixed(found.vectors[[position, other]], [1.0, 1.0], Metric.COSINE)
            alone = fmean(found.precision(one, found.vectors[either], label) for either in (position, other))
            each.append((found.precision(one, both, label), alone))
    return Compared("two", "one of them", each)


def and_not(found: Labelled, one: Split) -> Compared:
    """Each query with its first wrong match as what is not wanted; queries without one are left out."""
    each = []
    for position in one.queries:
        label, query = str(found.labels[position]), found.vectors[position]
        wrong = next((other for other in found.nearest(one, query)[:K] if found.labels[other] != label), None)
        if wrong is not None:
            away = mixed(found.vectors[[position, wrong]], [1.0, NEGATIVE], Metric.COSINE)
            alone = found.precision(one, query, label, [wrong])
            each.append((found.precision(one, away, label, [wrong]), alone))
    return Compared("and not", "the query alone", each)


def region(found: Labelled, one: Split, embed: Embedder) -> tuple[Compared, Compared]:
    """A quarter of a sheet against the whole sheet, and against the image that it shows."""
    cut, whole, alone = list[float](), list[float](), list[float]()
    for place, positions in enumerate(_foursomes(found, one)):
        sheet = _sheet([found.paths[position] for position in positions], embed.size)
        at = place % len(positions)
        quarter = Region(50 * (at % 2), 50 * (at // 2), 50, 50, is_percent=True)
        pixels = [_cut(sheet, part, embed.size) for part in (quarter, WHOLE)]
        label = str(found.labels[positions[at]])
        for figures, vector in zip((cut, whole), _embedded(embed, pixels), strict=True):
            figures.append(found.precision(one, vector, label))
        alone.append(found.precision(one, found.vectors[positions[at]], label))
    return (
        Compared("region", "the whole sheet", list(zip(cut, whole, strict=True))),
        Compared("region", "the image alone", list(zip(cut, alone, strict=True))),
    )


def _foursomes(found: Labelled, one: Split) -> Iterator[list[int]]:
    """Each query with three of other classes, at random; it is in another corner each time."""
    random = np.random.default_rng(one.seed)
    for place, position in enumerate(one.queries):
        others = [other for other in one.queries if found.labels[other] != found.labels[position]]
        chosen: list[int] = random.choice(others, 3, replace=False).tolist()
        chosen.insert(place % 4, position)
        yield chosen


def _sheet(paths: Sequence[Path], size: int) -> bytes:
    """Two by two images as a PNG."""
    images = [decode(path.read_bytes(), max_pixels=MAX_PIXELS, size=size).pixels for path in paths]
    encoded = BytesIO()
    Image.fromarray(np.vstack([np.hstack(images[:2]), np.hstack(images[2:])])).save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()


def _cut(sheet: bytes, part: Region, size: int) -> Pixels:
    return decode_region(sheet, part, max_pixels=MAX_PIXELS, size=size).pixels


def _row(name: str, splits: Sequence[Compared]) -> str:
    first = splits[0]
    queries = round(fmean(len(compared.each) for compared in splits))
    means = [np.mean(compared.each, axis=0) for compared in splits]
    figures = [_cell([float(mean[side]) for mean in means]) for side in (0, 1)]
    return f"| {name} | {first.search} | {queries} | {figures[0]} | {first.against} | {figures[1]} |"


def _cell(values: Sequence[float]) -> str:
    width = half_width(values)
    return f"{fmean(values):.3f}" if width is None else f"{fmean(values):.3f} \u00b1 {width:.3f}"


if __name__ == "__main__":
    main()
