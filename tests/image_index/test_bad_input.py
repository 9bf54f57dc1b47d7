"""A wrong call raises an exception of lookalike with one sentence and one piece of advice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lookalike
from lookalike.errors import (
    BadSetting,
    ImageRejected,
    ModelMismatch,
    ModelUnavailable,
    NotIndexed,
    QueryRejected,
    SourceMissing,
)
from lookalike.records import Reason
from lookalike.settings import Settings

#: Keywords of `open`, and what the message names.
OPENED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown setting": ({"modl": "resnet50"}, ["'modl'", "'model'"]),
    "value of another type": ({"concurrency": "many"}, ["concurrency = 'many'"]),
    "value out of range": ({"chunk_size": 0}, ["chunk_size = 0"]),
    "unknown model": ({"model": "no-such-model"}, ["no-such-model"]),
    "missing weights": ({"model": "nowhere.keras"}, ["nowhere.keras"]),
    "no name of an index": ({"index": "Not A Name"}, ["index = 'Not A Name'", "lower-case"]),
    "no URL of an index": ({"index_url": "ftp://host"}, ["ftp"]),
}

GREY = np.full((9, 9), 200, np.uint8)

#: A call on a handle, the exception, and what its message names.
CALLS: dict[str, tuple[Callable[[lookalike.ImageIndex], object], type[Exception], list[str]]] = {
    "nothing to search for": (lambda images: images.search(), BadSetting, ["exactly one"]),
    "two things to search for": (lambda images: images.search(b"x", id="y"), BadSetting, ["exactly one"]),
    "no matches": (lambda images: images.search(b"x", k=0), BadSetting, ["k = 0", "1000"]),
    "too many matches": (lambda images: images.search(b"x", k=1001), BadSetting, ["k = 1001"]),
    "half a match": (lambda images: images.search(b"x", k=1.5), BadSetting, ["1.5"]),  # type: ignore[arg-type]
    "an id of a number": (lambda images: images.search(id=3), BadSetting, ["3"]),  # type: ignore[arg-type]
    "filters of a text": (lambda images: images.search(GREY, filters="a=b"), BadSetting, ["str"]),  # type: ignore[arg-type]
    "a list of sources": (lambda images: images.ingest(["/a", "/b"]), BadSetting, ["list"]),  # type: ignore[arg-type]
    "another reason": (lambda images: images.retry("x", reason="mood"), BadSetting, ["'mood'", "corrupt"]),
    "another filter": (lambda images: images.search(GREY, filters={"size": "1"}), BadSetting, ["'size'", "label"]),
    "a filter of a number": (lambda images: images.search(GREY, filters={"name": 1}), BadSetting, ["name = 1"]),  # type: ignore[dict-item]
    "two labels": (lambda images: images.search(GREY, filters={"name": "a", "label": "b"}), BadSetting, ["label"]),
    "empty bytes": (lambda images: images.search(b""), QueryRejected, ["0 bytes", "empty"]),
    "no image": (lambda images: images.search(b"hello"), QueryRejected, ["5 bytes", "unsupported"]),
    "a folder": (lambda images: images.search("/tmp"), QueryRejected, ["/tmp", "a folder"]),
    "a missing file": (lambda images: images.search("/no/such.jpg"), QueryRejected, ["/no/such.jpg", "not_found"]),
    "floats": (lambda images: images.search(np.zeros((9, 9, 3))), BadSetting, ["float64", "uint8"]),  # type: ignore[arg-type]
    "two channels": (lambda images: images.search(np.zeros((9, 9, 2), np.uint8)), BadSetting, ["[9, 9, 2]"]),
    "a batch": (lambda images: images.search(np.zeros((2, 9, 9, 3), np.uint8)), BadSetting, ["[2, 9, 9, 3]"]),
    "an empty array": (lambda images: images.search(np.zeros((0, 9), np.uint8)), BadSetting, ["[0, 9]"]),
    "another object": (lambda images: images.search(3), BadSetting, ["int"]),  # type: ignore[arg-type]
    "an unknown id": (lambda images: images.search(id="x" * 40), NotIndexed, ["x" * 40]),
    "an unknown uri": (lambda images: images.search(uri="/no/such.jpg"), NotIndexed, ["/no/such.jpg"]),
    "nothing to ingest": (lambda images: images.ingest(), BadSetting, ["no source"]),
    "a missing source": (lambda images: images.ingest("/no/such/folder"), SourceMissing, ["/no/such/folder"]),
    "a label from nowhere": (lambda images: images.ingest("/tmp", label_from="sky"), BadSetting, ["sky"]),
    "no image to embed": (lambda images: images.embed([b"hello"]), QueryRejected, ["unsupported"]),
}


@pytest.mark.parametrize("case", OPENED)
def test_a_bad_setting_is_named_when_the_handle_is_opened(case: str, tmp_path: Path) -> None:
    settings, named = OPENED[case]
    with pytest.raises((BadSetting, ModelUnavailable)) as raised:
        lookalike.open(**{"home": tmp_path, **settings})
    _check(raised.value, named)


@pytest.mark.parametrize("case", CALLS)
def test_a_bad_call_raises_an_error_with_a_clear_message(case: str, lance: Settings) -> None:
    call, kind, named = CALLS[case]
    with lookalike.open(home=lance.home) as images, pytest.raises(kind) as raised:
        call(images)
    _check(raised.value, named)


def test_a_truncated_query_is_rejected_with_its_reason(lance: Settings, query: bytes) -> None:
    with lookalike.open(home=lance.home) as images, pytest.raises(ImageRejected) as raised:
        images.search(query[: len(query) // 2])
    assert raised.value.reason is Reason.TRUNCATED


def test_an_index_of_another_model_is_named_with_its_model(lance: Settings, query: bytes) -> None:
    with lookalike.open(home=lance.home, model="resnet50") as images, pytest.raises(ModelMismatch) as raised:
        images.search(query)
    assert "efficientnet-lite0" in str(raised.value) and "resnet50" in str(raised.value)


def _check(error: Exception, named: list[str]) -> None:
    assert 1 <= len(str(error).splitlines()) <= 2
    assert [name for name in named if name not in str(error)] == []
