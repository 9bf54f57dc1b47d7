"""What a walk finds in archives, by short names."""

from pathlib import Path

from lookalike.records import ImageRef
from lookalike_producer.sources import find_images
from lookalike_producer.walk.options import USUAL, WalkOptions


def found(*sources: object, label_from: str = "parent", options: WalkOptions = USUAL) -> dict[str, ImageRef]:
    """The references by the name of archive and member."""
    references = list(find_images([str(source) for source in sources], label_from, options))
    by_name = {_short(ref.uri): ref for ref in references}
    assert len(by_name) == len(references), "a reference is there twice"
    return by_name


def _short(uri: str) -> str:
    path, hash, name = uri.partition("#")
    return Path(path).name + hash + name
