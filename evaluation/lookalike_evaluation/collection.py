"""A labelled folder, sorted into what can be measured and what cannot; knows files by their references alone."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lookalike.errors import BadSetting, SourceMissing
from lookalike.fitting.classes import in_classes, listed
from lookalike.records import Document, ImageRef
from lookalike_evaluation.split import query_count

WANTED = "It takes a folder with a sub-folder per class, of two pictures or more each."


@dataclass(frozen=True)
class Collection:
    """`unlabelled`: files beside the class folders; `empty`: class folders without a file."""

    folder: Path
    references: tuple[ImageRef, ...]
    unlabelled: int
    empty: tuple[str, ...]


def collect(folder: Path, references: Iterable[ImageRef]) -> Collection:
    """The references under `folder`, in order. Raises SourceMissing, and BadSetting for fewer than two classes."""
    if not folder.is_dir():
        raise SourceMissing(f"{folder} is not a folder.", WANTED)
    every = in_classes(folder, references)
    labelled = tuple(ref for ref in every if ref.label is not None)
    check_classes(folder, [ref.label or "" for ref in labelled])
    names = {ref.label for ref in labelled}
    empty = tuple(sorted(_shown(path) for path in folder.iterdir() if _is_empty(path) and path.name not in names))
    return Collection(folder, labelled, len(every) - len(labelled), empty)


def check_classes(folder: Path, labels: Sequence[str]) -> None:
    """Raises BadSetting unless there are two classes, one of them with two pictures."""
    sizes = Counter(labels)
    if not sizes:
        raise SourceMissing(f"{folder} holds no labelled picture.", WANTED)
    if len(sizes) == 1:
        only = next(iter(sizes))
        raise BadSetting(f"{folder} holds one class ({only}): every answer would be right.", WANTED)
    if max(sizes.values()) == 1:
        raise BadSetting(f"No class in {folder} has two pictures: none can be asked for and stored.", WANTED)


def notes(collection: Collection, documents: Sequence[Document], *, rejected: int, k: int, share: float) -> list[str]:
    """What a reader of the figures must know of the pictures, one sentence each."""
    sizes = Counter(document.name or "" for document in documents)
    alone = sorted(label for label, size in sizes.items() if size == 1)
    stored = sum(size - query_count(size, share) for size in sizes.values())
    twins = len(documents) - len({document.content_sha256 for document in documents})
    found = {
        f"{collection.unlabelled:,} files beside the class folders have no label and are left out.": (
            collection.unlabelled
        ),
        f"{rejected:,} files are rejected; `lookalike ingest` says why.": rejected,
        f"Empty classes are left out: {listed(collection.empty)}.": len(collection.empty),
        f"Classes of one picture are stored and never asked for: {listed(alone)}.": len(alone),
        f"Only {stored:,} pictures are stored, fewer than k = {k}: precision at k cannot reach 1.": stored < k,
        f"{twins:,} pictures are copies of others, byte for byte: a stored copy of a query flatters.": twins,
    }
    return [note for note, is_so in found.items() if is_so]


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".") and not any(names for _, _, names in os.walk(path))


def _shown(path: Path) -> str:
    return os.fsencode(path.name).decode("utf-8", "replace")
