"""The checkpoint reader accepts only tensors."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from lookalike.embedding.graph import checkpoint


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.path),)


def test_the_installed_weights_are_read_with_their_strides() -> None:
    tensors = checkpoint.lite0()
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert tensors["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(values).all() for values in tensors.values())
    # A filter of the first layer is smooth. Read with C strides, it would be noise.
    stem = tensors["_conv_stem.weight"]
    assert np.abs(np.diff(stem, axis=2)).mean() < np.abs(np.diff(stem, axis=0)).mean()


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    parts: list[object] = [checkpoint._MAGIC, 1001, {}, Bomb(tmp_path / "boom")]
    data = b"".join(pickle.dumps(part) for part in parts)
    with pytest.raises(pickle.UnpicklingError, match="mkdir"):
        checkpoint.read(data)
    assert not (tmp_path / "boom").exists()


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="legacy checkpoint"):
        checkpoint.read(pickle.dumps(1))
