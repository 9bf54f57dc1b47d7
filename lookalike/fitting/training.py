"""Selects the images that a kind of head can be fitted to, and notes why others are left out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.embedding import Head
from lookalike.errors import BadSetting
from lookalike.fitting.classes import listed
from lookalike.records import Vectors

#: Minimum number of classes. LDA gives one dimension less than there are classes, and angles need two.
_MIN_CLASSES = {Head.LDA: 3, Head.CLASSIFIER: 2}
#: Minimum images of a class: one image does not show how the class varies.
_MIN_IMAGES = 2
#: A smaller difference between features of unit length is rounding.
_SAME = 1e-5
_WANTED = "Give a folder with a sub-folder per class; or use --head pca, which needs no classes."


@dataclass(frozen=True, eq=False)
class Training:
    """`features`: float32 [N, C]; `classes`: the number of each row's class, empty for a head without classes;
    `notes`: what was left out, a sentence each."""

    features: Vectors
    classes: NDArray[np.int64]
    names: tuple[str, ...]
    notes: tuple[str, ...]


def usable(kind: Head, features: Vectors, labels: Sequence[str | None]) -> Training:
    """The rows that a head of this kind is fitted to. Raises BadSetting for too few of them, or of their classes."""
    if len(features) and float(np.ptp(features, axis=0).max()) < _SAME:
        raise BadSetting("The model sees no difference between the images.", "Give images that differ.")
    if kind not in _MIN_CLASSES:
        return _unlabelled(features)
    sizes = Counter(label for label in labels if label is not None)
    names = tuple(sorted(label for label, size in sizes.items() if size >= _MIN_IMAGES))
    alone = sorted(set(sizes) - set(names))
    if len(names) < _MIN_CLASSES[kind]:
        raise BadSetting(_too_few(kind, len(names), alone), _WANTED)
    number = {name: place for place, name in enumerate(names)}
    rows = [row for row, label in enumerate(labels) if label in number]
    classes = np.array([number[labels[row] or ""] for row in rows], np.int64)
    missing = sum(label is None for label in labels)
    notes = [f"{missing:,} images beside the class folders have no label and are left out."] if missing else []
    notes += [f"Classes of one image are left out: {listed(alone)}."] if alone else []
    return Training(features[rows], classes, names, tuple(notes))


def _unlabelled(features: Vectors) -> Training:
    if len(features) < 3:
        raise BadSetting(f"{len(features)} images are too few to fit a model to.", "Give three or more.")
    return Training(features, np.empty(0, np.int64), (), ())


def _too_few(kind: Head, classes: int, alone: Sequence[str]) -> str:
    found = {0: "no class", 1: "one class"}.get(classes, f"{classes} classes")
    besides = f"; {len(alone):,} more have a single image" if alone else ""
    wanted = f"{_MIN_CLASSES[kind]} classes of two images or more"
    return f"A head of kind {kind} needs {wanted}: here is {found}{besides}."
