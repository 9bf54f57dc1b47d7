"""Sorts the files of a labelled folder into those that can be measured and those that cannot. Opens no file."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lookalike.errors import BadSetting, SourceMissing
from lookalike.fitting.classes import empty_classes, in_classes, listed, notes_on_classes
from lookalike.plural import counted
from lookalike.records import Document, ImageRef
from lookalike_evaluation.split import query_count

ADVICE = "Give a folder with one sub-folder per class, each with two or more images."


@dataclass(frozen=True)
class Collection:
    """`unlabelled` counts files outside the class folders; `empty` names class folders without a file."""

    folder: Path
    references: tuple[ImageRef, ...]
    unlabelled: int
    empty: tuple[str, ...]


def collect(folder: Path, references: Iterable[ImageRef]) -> Collection:
    """Return the references under `folder`, sorted by URI.

    Raises SourceMissing for a missing folder, BadSetting for fewer than two classes.
    """
    if not folder.is_dir():
        raise SourceMissing(f"{folder} is not a folder.", ADVICE)
    every = in_classes(folder, references)
    labelled = tuple(ref for ref in every if ref.label is not None)
    check_classes(folder, [ref.label or "" for ref in labelled])
    return Collection(folder, labelled, len(every) - len(labelled), tuple(empty_classes(folder, every)))


def check_classes(folder: Path, labels: Sequence[str]) -> None:
    """Raise BadSetting unless there are two classes and one of them has two images."""
    sizes = Counter(labels)
    if not sizes:
        raise SourceMissing(f"{folder} has no labelled images.", ADVICE)
    if len(sizes) == 1:
        only = next(iter(sizes))
        raise BadSetting(f"{folder} has only one class ({only}), so every result would be correct.", ADVICE)
    if max(sizes.values()) == 1:
        raise BadSetting(f"No class in {folder} has two images: one to store and one to query with.", ADVICE)


def notes(collection: Collection, documents: Sequence[Document], *, rejected: int, k: int, share: float) -> list[str]:
    """Notes about the images that a reader of the figures needs, one sentence each."""
    sizes = Counter(document.name or "" for document in documents)
    alone = sorted(label for label, size in sizes.items() if size == 1)
    stored = sum(size - query_count(size, share) for size in sizes.values())
    copies = len(documents) - len({document.content_sha256 for document in documents})
    unlabelled = collection.unlabelled
    candidates = {
        f"{counted(unlabelled, 'file')} outside the class folders: no label, skipped.": unlabelled,
        f"{counted(rejected, 'file')} rejected; `lookalike ingest` shows why.": rejected,
        f"Empty classes, skipped: {listed(collection.empty)}.": len(collection.empty),
        f"Classes with a single image, stored but never queried: {listed(alone)}.": len(alone),
        f"Only {stored:,} images are stored, fewer than k = {k}: precision at k cannot reach 1.": stored < k,
        f"{counted(copies, 'image')} identical to another one: a stored copy of a query improves the figures.": copies,
    }
    return [*notes_on_classes(sizes), *(note for note, applies in candidates.items() if applies)]
