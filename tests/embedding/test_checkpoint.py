"""The checkpoint reader accepts only tensors."""

import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lookalike.embedding.graph import checkpoint
from lookalike.embedding.specs.lites import LITES, Lite
from lookalike.errors import MissingExtra, ModelUnavailable


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("lite", LITES, ids=lambda lite: lite.name)
def test_the_installed_weights_are_read_with_their_strides(lite: Lite) -> None:
    tensors = checkpoint.weights_of(lite)
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert sum(f"_blocks.{number}._bn1.weight" in tensors for number in range(99)) == sum(lite.blocks)
    assert tensors["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(values).all() for values in tensors.values())
    # A filter of the first layer is smooth. Read with C strides, it would be noise.
    stem = tensors["_conv_stem.weight"]
    assert np.abs(np.diff(stem, axis=2)).mean() < np.abs(np.diff(stem, axis=0)).mean()


def test_weights_that_are_missing_or_others_are_refused() -> None:
    lite = LITES[2]
    with pytest.raises(MissingExtra, match=r'efficientnet-lite2 needs the extra "lites"'):
        checkpoint.weights_of(replace(lite, package="efficientnet_lite9_pytorch_model"))
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        checkpoint.weights_of(replace(lite, file="models/other.pth"))
    with pytest.raises(ModelUnavailable, match="not the published one"):
        checkpoint.weights_of(replace(lite, sha256="0" * 64))


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    parts: list[object] = [checkpoint._MAGIC, 1001, {}, Bomb(tmp_path / "boom")]
    data = b"".join(pickle.dumps(part) for part in parts)
    with pytest.raises(pickle.UnpicklingError, match="mkdir"):
        checkpoint.read(data)
    assert not (tmp_path / "boom").exists()


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="legacy checkpoint"):
        checkpoint.read(pickle.dumps(1))
