"""Loads the text side of a model; imports its libraries only then."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from lookalike.embedding.specs.spec import ModelSpec
from lookalike.embedding.text import artifact
from lookalike.embedding.text.side import TextSide
from lookalike.errors import BadQuery, ModelUnavailable
from lookalike.extras import is_installed, requiring
from lookalike.records import ModelIdentity, Vectors


class TextEncoder(Protocol):
    """Turns texts into vectors of the space of a model's images. Threads may share it."""

    #: The model whose text side this is.
    identity: ModelIdentity

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """float32 [N, D], of unit length. Raises BadQuery for a text of which the model knows no word."""


def is_readable(side: TextSide) -> bool:
    """Whether what reads the texts is installed."""
    return side.is_of_words or is_installed("tokenizers")


def load_text(spec: ModelSpec, identity: ModelIdentity, *, home: Path, threads: int = 1) -> TextEncoder:
    """A ready encoder for texts of a model that is `identity` in an index. The first load compiles it into `home`, in
    another process.

    Raises BadQuery for a model without a text side, ModelUnavailable, MissingExtra, DiskFull.
    """
    if spec.text is None:
        raise BadQuery(
            f"The model {spec.name} has no text side: it cannot search by text.",
            "Search by an image, or embed the images with a model that has one (docs/models.md).",
        )
    if spec.text.is_of_words:
        with requiring("Searching by text"):
            from lookalike.embedding.text.words import WordEncoder
        return WordEncoder(spec.text, identity)
    built = artifact.build(spec.text, home)
    if built.dimension != identity.dimension:
        raise ModelUnavailable(
            f"The text encoder {spec.text.model} gives {built.dimension} numbers, and the image side of {spec.name} "
            f"{identity.dimension}.",
            "Give the two encoders of one model, and no option that changes the vectors of images.",
        )
    with requiring("Searching by text"):
        from lookalike.embedding.text.encoder import OpenVINOTextEncoder
    return OpenVINOTextEncoder(spec.text, built, identity, threads=threads)
