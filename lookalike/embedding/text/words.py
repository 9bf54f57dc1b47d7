"""Word vectors: the vector of a text is the sum of those of its words. They are fitted to the drawings of the demo.

`python -m testing.text_pair.word_vectors` makes the file.
"""

import hashlib
import io
import re
from collections.abc import Sequence
from importlib.resources import files

import numpy as np

from lookalike.embedding.text.side import WORDS, TextSide
from lookalike.errors import BadQuery, ModelUnavailable
from lookalike.records import ModelIdentity, Vector, Vectors
from lookalike.shown import clause, shown

#: Arrays `words` [V] and `vectors` [V, D].
FILE = "words.npz"
_WORD = re.compile(r"\w+")


class WordEncoder:
    """A TextEncoder. It knows few words, in small letters or capitals, and passes over all others."""

    def __init__(self, side: TextSide, identity: ModelIdentity) -> None:
        """Raises ModelUnavailable if the file was changed, or the model is of another release."""
        self.identity = identity
        with np.load(io.BytesIO(_data(side))) as file:
            vectors = file["vectors"].astype(np.float32)
            self._vectors = dict(zip(map(str, file["words"]), vectors, strict=True))

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """float32 [N, D], of unit length. Raises BadQuery for a text of which no word is known."""
        return np.stack([self._embedded(text) for text in texts])

    def _embedded(self, text: str) -> Vector:
        known = [self._vectors[word] for word in _WORD.findall(text.lower()) if word in self._vectors]
        if not known:
            raise BadQuery(
                f"The model knows no word of {shown(text)}.",
                "It knows what the demo draws, and colours: rings, yellow flowers, a night sky.",
            )
        total = np.sum(known, axis=0)
        unit: Vector = total / np.linalg.norm(total)
        return unit


def _data(side: TextSide) -> bytes:
    try:
        data = (files(__package__) / FILE).read_bytes()
    except OSError as error:
        what = f"The word vectors ({FILE}) cannot be read: {clause(error)}."
        raise ModelUnavailable(what, "Install lookalike again.") from error
    if side != WORDS:
        what = "The model has the word vectors of another release."
        raise ModelUnavailable(what, "Embed the images of the index again (reembed), or delete it and start again.")
    if hashlib.sha256(data).hexdigest() != side.model_sha256:
        raise ModelUnavailable(f"The word vectors ({FILE}) are not those of this release.", "Install lookalike again.")
    return data
