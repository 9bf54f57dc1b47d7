"""Compiled text encoders on disk, one folder for each.

HOME/texts/<digest>/model.xml, model.bin    the graph: from the numbers of the tokens of one text to its vector
                    tokenizer.json          a copy of the tokenizer
                    manifest.json           what the graph takes and gives, and a digest of each file
"""

import json
import logging
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lookalike.embedding.artifacts import published
from lookalike.embedding.artifacts.conversion import translated
from lookalike.embedding.children import json_process
from lookalike.embedding.specs import model_file
from lookalike.embedding.text.side import TextSide
from lookalike.errors import ModelUnavailable
from lookalike.extras import check_installed

log = logging.getLogger(__name__)

CHILD = "lookalike.embedding.children.text_conversion"
_PARTS = ("model.xml", "model.bin", "tokenizer.json")


@dataclass(frozen=True)
class TextArtifact:
    """A compiled text encoder on disk. `roles` say what each input of the graph takes (see `graph.Role`), `dimension`
    is the length of a vector; a text is cut after `cut` tokens, and filled up to `filled`."""

    folder: Path
    roles: tuple[str, ...]
    dimension: int
    cut: int
    filled: int | None

    @property
    def graph(self) -> Path:
        return self.folder / _PARTS[0]

    @property
    def tokenizer(self) -> Path:
        return self.folder / _PARTS[2]


def find(side: TextSide, home: Path) -> TextArtifact | None:
    """The artifact of a text side, or None if it is missing or damaged; a damaged one is logged and moved aside."""
    return published.find(_folder(side, home), _PARTS, partial(_read, _folder(side, home)))


def build(side: TextSide, home: Path) -> TextArtifact:
    """The artifact of a text side, built if it is missing or damaged. Raises ModelUnavailable, MissingExtra,
    DiskFull."""
    artifact = find(side, home)
    if artifact is not None:
        return artifact
    published.publish(_folder(side, home), _PARTS, partial(_fill, side), home)
    artifact = find(side, home)
    if artifact is None:
        what = f"The text encoder {side.model} was built, but {_folder(side, home)} does not contain it."
        raise ModelUnavailable(what, "Another program removed it. Run the same command again.")
    return artifact


def _read(folder: Path, manifest: dict[str, Any]) -> TextArtifact:
    cut, filled = manifest["lengths"]
    return TextArtifact(folder, tuple(manifest["roles"]), int(manifest["dimension"]), int(cut), filled)


def _fill(side: TextSide, building: Path) -> dict[str, Any]:
    started = time.monotonic()
    log.info("Compiling the text encoder %s, once.", side.model)
    check_installed("tokenizers", needed_by="Searching by text", extra="text")
    if not model_file.is_graph(Path(side.model)):
        needed_by = f"The text encoder {side.model} is not built yet, and building it"
        check_installed("keras", "tensorflow", needed_by=needed_by, extra="worker")
    try:
        answer = json_process.run(CHILD, str(building), stdin=side.to_json())
    except json_process.ChildFailed as failed:
        raise translated(failed, side.model, building, side.model) from None
    if "refused" in answer:
        raise ModelUnavailable(*answer["refused"])
    log.info("Compiled the text encoder %s in %.1f s.", side.model, time.monotonic() - started)
    return {**answer, "text": json.loads(side.to_json())}


def _folder(side: TextSide, home: Path) -> Path:
    return home / "texts" / side.digest
