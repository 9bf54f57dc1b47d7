"""Reads PyTorch's legacy `.pth` layout with NumPy alone: four pickles and a list of keys, then raw storages.

The layout is that of `torch.load` before PyTorch 1.6 (`_legacy_load` in torch/serialization.py)."""

import hashlib
import io
import pickle
from collections import OrderedDict
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from lookalike.embedding.specs.lites import Lite
from lookalike.errors import MissingExtra, ModelUnavailable
from lookalike.shown import clause

#: The first pickle of the layout.
_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Tensors = dict[str, NDArray[Any]]


class _Storage:
    """The numbers behind the tensors; the file has them after the pickles."""

    def __init__(self, kind: str, size: int) -> None:
        self.dtype = _DTYPES[kind]
        self.size = size
        self.values: NDArray[Any] = np.empty(0, self.dtype)


class _View:
    """A tensor as the pickle describes it; strides are in elements, and not always in C order."""

    def __init__(
        self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
    ) -> None:
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides

    def array(self) -> NDArray[Any]:
        reach = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        if not 0 <= self.offset <= reach < self.storage.size:
            raise ValueError("a tensor reaches beyond its storage")
        itemsize = self.storage.dtype.itemsize
        strides = tuple(step * itemsize for step in self.strides)
        return np.ascontiguousarray(as_strided(self.storage.values[self.offset :], self.shape, strides))


class _Unpickler(pickle.Unpickler):
    """An unpickler that builds nothing but the tensors of a state dict."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _DTYPES:
            return name
        allowed = {("collections", "OrderedDict"): OrderedDict, ("torch._utils", "_rebuild_tensor_v2"): _View}
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a checkpoint")
        return allowed[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        _, kind, key, _, size, _ = pid
        return self.storages.setdefault(key, _Storage(kind, size))


def read(data: bytes) -> Tensors:
    """The tensors of a state dict by name. Raises ValueError or UnpicklingError for any other file."""
    file = io.BytesIO(data)
    if _Unpickler(file).load() != _MAGIC:
        raise ValueError("not a legacy checkpoint")
    for _ in ("protocol version", "type sizes"):
        _Unpickler(file).load()
    unpickler = _Unpickler(file)
    views = unpickler.load()
    for key in _Unpickler(file).load():
        _fill(unpickler.storages[key], file)
    return {name: view.array() for name, view in views.items()}


def _fill(storage: _Storage, file: io.BytesIO) -> None:
    size = int.from_bytes(file.read(8), "little")
    if size != storage.size:
        raise ValueError("a storage does not have the size that its tensors expect")
    storage.values = np.frombuffer(file.read(size * storage.dtype.itemsize), storage.dtype)
    if len(storage.values) != size:
        raise ValueError("the file ends too early")


def weights_of(lite: Lite) -> Tensors:
    """The ImageNet weights of a Lite from its installed package. Raises ModelUnavailable, MissingExtra."""
    try:
        data = (files(lite.package) / lite.file).read_bytes()
    except ModuleNotFoundError as error:
        raise MissingExtra(f"The model {lite.name}", lite.extra) from error
    except OSError as error:
        raise ModelUnavailable(
            f"The weights of {lite.name} cannot be read: {clause(error)}.", f"Install {lite.distribution} again."
        ) from error
    if hashlib.sha256(data).hexdigest() != lite.sha256:
        raise ModelUnavailable(
            f"The weights file of {lite.name} ({lite.file}) is not the published one.",
            f"Install the package {lite.distribution} again.",
        )
    return read(data)
