"""Fits the word vectors that come with the install to the default model's vectors of drawings, in a minute or two.

python -m testing.text_pair.word_vectors [FILE]

Another CPU may round the last digit of a float16 otherwise: a file that is made again has a digest of its own, which
`lookalike/embedding/text/side.py` names, and so has the model.
"""

import sys
from pathlib import Path

import numpy as np

import lookalike.embedding.text
from lookalike import factories
from lookalike.embedding.text.words import FILE
from lookalike.records import Vector
from lookalike.samples import PAINTERS
from lookalike.settings import read_settings
from testing.text_pair.captions import COLOURS
from testing.text_pair.encoders import Numbers
from testing.text_pair.held_back import HeldBack, decoded

#: Drawings of each class to fit to, of another seed than the demo's.
PER_CLASS = 90
SEED = 11
#: Of the ridge regression.
PENALTY = 1.0
#: Words of a class that say nothing of it.
_EMPTY = {"at"}
#: What else people call it.
_ALSO = {
    "balloons": ["balloon"],
    "bricks": ["brick"],
    "checkers": ["checker", "chessboard"],
    "city": ["buildings", "houses", "skyline"],
    "citrus": ["fruit", "lemon", "lemons", "oranges"],
    "clouds": ["cloud"],
    "dots": ["dot", "spots"],
    "flowers": ["flower"],
    "grain": ["planks"],
    "grey": ["gray"],
    "leaves": ["leaf"],
    "mountains": ["mountain", "hills"],
    "rings": ["ring", "circle", "circles"],
    "starry": ["star", "stars"],
    "stripes": ["stripe"],
    "waves": ["wave", "water"],
}


def words_of(label: str) -> list[str]:
    """Those that say what a class is."""
    return [word for word in label.split("-") if word not in _EMPTY]


def fitted(drawn: HeldBack) -> dict[str, Vector]:
    """The vector of each word, float32 [D]: which way drawings differ that show it."""
    colours, labels = list(COLOURS), list(PAINTERS)
    wanted = np.zeros((len(drawn.shown), len(colours) + len(labels)), np.float32)
    for row, (colour, label) in zip(wanted, drawn.shown, strict=True):
        row[colours.index(colour)] = row[len(colours) + labels.index(label)] = 1
    directions = _directions(drawn.vectors, wanted, _rarity(drawn, colours))
    vectors = dict(zip(colours, directions, strict=False))
    for label, direction in zip(labels, directions[len(colours) :], strict=True):
        words = words_of(label)
        # Between its part of the direction, which the whole name needs, and all of it, which the word alone needs.
        vectors |= {word: direction * np.float32(2 / (len(words) + 1)) for word in words}
    return vectors | {also: vectors[word] for word, others in _ALSO.items() for also in others}


def write(path: Path, vectors: dict[str, Vector]) -> None:
    """In float16, which is exact enough for a direction."""
    words = sorted(vectors)
    np.savez(path, words=np.array(words), vectors=np.stack([vectors[word] for word in words]).astype(np.float16))


def _rarity(drawn: HeldBack, colours: list[str]) -> Numbers:
    """How much each drawing counts, [N]: those of rare colours more."""
    shown = [colours.index(colour) for colour, _ in drawn.shown]
    counts = np.bincount(shown, minlength=len(colours)).astype(np.float32)
    weights = counts[shown] ** np.float32(-0.5)
    shares: Numbers = weights / weights.mean()
    return shares


def _directions(vectors: Numbers, wanted: Numbers, weights: Numbers) -> Numbers:
    """float32 [W, D] of a weighted ridge regression with an intercept, of vectors [N, D] to what is wanted, [N, W]."""
    x, y = vectors.astype(np.float64), wanted.astype(np.float64)
    x, y = x - np.average(x, axis=0, weights=weights), y - np.average(y, axis=0, weights=weights)
    weighted = (x * weights[:, None]).T
    solved = np.linalg.solve(weighted @ x + PENALTY * np.eye(x.shape[1]), weighted @ y)
    directions: Numbers = solved.T.astype(np.float32)
    return directions


def main(path: Path) -> None:
    settings = read_settings(model="efficientnet-lite0")
    embed = factories.embedder(settings, factories.model_spec(settings), threads=settings.processes)
    write(path, fitted(decoded(settings, embed.size, PER_CLASS, seed=SEED).seen_by(embed)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(*lookalike.embedding.text.__path__) / FILE)
