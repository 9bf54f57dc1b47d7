"""A wrong call raises an exception of lookalike with one sentence and one piece of advice."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lookalike
from lookalike.errors import (
    BadSetting,
    ImageRejected,
    LookalikeError,
    ModelMismatch,
    ModelUnavailable,
    NotIndexed,
    QueryRejected,
    SourceMissing,
)
from lookalike.records import Reason
from lookalike.settings import Settings

#: No UTF-8 text and no file name has it.
LONE = "\ud800"
LONG = "x" * 5000
#: Keywords of `open`, and what the message names.
OPENED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown setting": ({"modl": "resnet50"}, ["'modl'", "'model'"]),
    "value of another type": ({"concurrency": "many"}, ["concurrency = 'many'"]),
    "value out of range": ({"chunk_size": 0}, ["chunk_size = 0"]),
    "a long name": ({LONG: 1}, ["no setting"]),
    "a long index": ({"index": LONG}, ["index"]),
    "a long model": ({"model": LONG}, ["no model"]),
    "a URL that is no text": ({"index_url": f"http://user:secret@host/{LONE}"}, ["index_url"]),
    "unknown model": ({"model": "no-such-model"}, ["no-such-model"]),
    "missing weights": ({"model": "nowhere.keras"}, ["nowhere.keras"]),
    "no name of an index": ({"index": "Not A Name"}, ["index = 'Not A Name'", "lower-case"]),
    "no URL of an index": ({"index_url": "ftp://host"}, ["ftp"]),
    "a home that is no text": ({"home": LONE}, ["home"]),
    "an index that is no text": ({"index": LONE}, ["index"]),
    "a home of nobody": ({"home": "~nouser/x"}, ["home", "~"]),
}

GREY = np.full((9, 9), 200, np.uint8)
#: More pixels than fit into memory, of one byte.
HUGE = np.broadcast_to(np.uint8(0), (2**20, 2**20))

#: A call on a handle, the exception, and what its message names.
CALLS: dict[str, tuple[Callable[[lookalike.ImageIndex], object], type[Exception], list[str]]] = {
    "nothing to search for": (lambda images: images.search(), BadSetting, ["exactly one"]),
    "two things to search for": (lambda images: images.search(b"x", id="y"), BadSetting, ["exactly one"]),
    "no matches": (lambda images: images.search(b"x", k=0), BadSetting, ["k = 0", "1000"]),
    "more matches than Python writes": (lambda images: images.search(b"x", k=10**5000), BadSetting, ["very long"]),
    "too many matches": (lambda images: images.search(b"x", k=1001), BadSetting, ["k = 1001"]),
    "half a match": (lambda images: images.search(b"x", k=1.5), BadSetting, ["1.5"]),  # type: ignore[arg-type]
    "an id of a number": (lambda images: images.search(id=3), BadSetting, ["An int", "an id"]),  # type: ignore[arg-type]
    "filters of a text": (lambda images: images.search(GREY, filters="a=b"), BadSetting, ["str"]),
    "a list of folders": (lambda images: images.ingest(["/tmp"]), BadSetting, ["'/tmp'", "ingest(*folders)"]),
    "a dict of columns": (lambda images: images.ingest({"path": ["a"]}), BadSetting, ["A dict", "data frame"]),
    "a number as a source": (lambda images: images.ingest(5), BadSetting, ["An int", "a source"]),  # type: ignore[arg-type]
    "no path at all": (lambda images: images.ingest(iter(())), SourceMissing, ["is empty"]),
    "a threshold above all scores": (lambda images: images.duplicates(1.5), BadSetting, ["threshold = 1.5", "1"]),
    "a threshold of words": (lambda images: images.duplicates("near"), BadSetting, ["'near'"]),  # type: ignore[arg-type]
    "another reason": (lambda images: images.retry("x", reason="mood"), BadSetting, ["'mood'", "corrupt"]),
    "another filter": (lambda images: images.search(GREY, filters={"size": "1"}), BadSetting, ["'size'", "label"]),
    "a filter of a number": (lambda images: images.search(GREY, filters={"name": None}), BadSetting, ["'name' = None"]),
    "a filter of nothing": (lambda images: images.search(GREY, filters=["year"]), BadSetting, ["'year' is no filter"]),
    "a list of numbers": (lambda images: images.search(GREY, filters=[5]), BadSetting, ["An int"]),  # type: ignore[list-item]
    "two labels": (lambda images: images.search(GREY, filters={"name": "a", "label": "b"}), BadSetting, ["label"]),
    "empty bytes": (lambda images: images.search(b""), QueryRejected, ["0 bytes", "empty"]),
    "no image": (lambda images: images.search(b"hello"), QueryRejected, ["5 bytes", "unsupported"]),
    "a folder": (lambda images: images.search("/tmp"), QueryRejected, ["/tmp cannot", "it is a folder; give one"]),
    "a missing file": (
        lambda images: images.search("/no/such.jpg"),
        QueryRejected,
        ["such.jpg cannot", "no such file", "--text"],
    ),
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
    "a pattern of a number": (lambda images: images.ingest("/tmp", exclude=5), BadSetting, ["An int"]),  # type: ignore[arg-type]
    "an empty pattern": (lambda images: images.verify("/tmp", exclude=""), BadSetting, ["a pattern"]),
    "no pattern": (lambda images: images.sync("/tmp", exclude=["*.png", "!"]), BadSetting, ["'!'", ".gitignore"]),
    "links of a text": (lambda images: images.ingest("/tmp", follow_links="no"), BadSetting, ["follow_links = 'no'"]),  # type: ignore[arg-type]
    "no image to embed": (lambda images: images.embed([b"hello"]), QueryRejected, ["unsupported"]),
    "a pixel bomb": (lambda images: images.search(HUGE), QueryRejected, ["bomb", "1048576"]),
    "a bool": (lambda images: images.search(True), BadSetting, ["A bool"]),  # type: ignore[arg-type]
    "an int": (lambda images: images.search(5), BadSetting, ["An int"]),  # type: ignore[arg-type]
    "a URL": (lambda images: images.search("https://x.test/a.jpg"), QueryRejected, ["URLs are not read"]),
    "a URL as a path": (lambda images: images.search(Path("https://x.test/a")), QueryRejected, ["URLs are not read"]),
    "an image of nobody": (lambda images: images.search("~nouser/x"), BadSetting, ["~nouser"]),
    "an id of a list": (lambda images: images.search(id=[]), BadSetting, ["A list", "an id"]),  # type: ignore[arg-type]
    "a uri of a list": (lambda images: images.search(uri=[]), BadSetting, ["A list", "a uri"]),  # type: ignore[arg-type]
    "a k of a bool": (lambda images: images.search(GREY, k=True), BadSetting, ["k = True", "whole number"]),
    "a k of a float": (lambda images: images.search(GREY, k=1.0), BadSetting, ["k = 1.0", "whole number"]),  # type: ignore[arg-type]
    "a k of a text": (lambda images: images.search(GREY, k="3"), BadSetting, ["k = '3'", "whole number"]),  # type: ignore[arg-type]
    "a filter on a number": (lambda images: images.search(GREY, filters={5: "x"}), BadSetting, ["5", "label"]),  # type: ignore[dict-item]
    "a filter on None": (lambda images: images.search(GREY, filters={None: "x"}), BadSetting, ["None"]),  # type: ignore[dict-item]
    "a filter that is no text": (lambda images: images.search(GREY, filters={"label": LONE}), BadSetting, ["Unicode"]),
    "a field that is no text": (
        lambda images: images.search(GREY, filters={f"metadata.{LONE}": "x"}),
        BadSetting,
        ["Unicode"],
    ),
    "a limit of a text": (lambda images: images.jobs("x"), BadSetting, ["limit = 'x'"]),  # type: ignore[arg-type]
    "a limit of a float": (lambda images: images.jobs(1.5), BadSetting, ["limit = 1.5"]),  # type: ignore[arg-type]
    "a negative limit": (lambda images: images.jobs(-1), BadSetting, ["limit = -1"]),
    "a reason of a number": (lambda images: images.retry("x", reason=5), BadSetting, ["5", "corrupt"]),  # type: ignore[arg-type]
    "a number within": (lambda images: images.verify("/tmp", within=5), BadSetting, ["An int"]),  # type: ignore[arg-type]
    "None within": (lambda images: images.sync("/tmp", within=None), BadSetting, ["None"]),  # type: ignore[arg-type]
    "a missing folder within": (lambda images: images.verify("/tmp", within="pics"), SourceMissing, ["'pics'"]),
    "a device to write": (lambda images: images.export("/dev/null"), BadSetting, ["/dev/null", "a device"]),
    "a folder to write": (lambda images: images.export("/"), BadSetting, ["a folder"]),
    "a file of nobody": (lambda images: images.export("~nouser/x.parquet"), BadSetting, ["~nouser"]),
}

#: What names no file, and what is no text.
NO_PATHS = [5, None, b"x", "", "a\0b", LONE, ["/tmp"]]
NO_TEXTS: list[object] = [5, None, b"x", "", LONE, []]
TAKES_PATH: dict[str, Callable[[lookalike.ImageIndex, Any], object]] = {
    "export": lambda images, path: images.export(path),
    "ingest": lambda images, path: images.ingest(path),
    "verify": lambda images, path: images.verify(path),
    "sync": lambda images, path: images.sync(path),
    "within": lambda images, path: images.verify("/tmp", within=[path]),
}
TAKES_TEXT: dict[str, Callable[[lookalike.ImageIndex, Any], object]] = {
    "rejected": lambda images, text: images.rejected(text),
    "retry": lambda images, text: images.retry(text),
    "delete": lambda images, text: images.delete([text]),
}
#: Calls that only repeat what they were given.
LONG_CALLS: dict[str, Callable[[lookalike.ImageIndex], object]] = {
    "id": lambda images: images.search(id=LONG),
    "path": lambda images: images.search(LONG),
    "uri": lambda images: images.search(uri=LONG),
    "filter": lambda images: images.search(GREY, filters={LONG: "x"}),
    "k": lambda images: images.search(GREY, k=LONG),  # type: ignore[arg-type]
    "source": lambda images: images.verify(LONG),
    "label": lambda images: images.verify("/tmp", label_from=LONG),
    "within": lambda images: images.verify("/tmp", within=LONG),
    "reason": lambda images: images.retry("x", reason=LONG),
}


@pytest.mark.parametrize("case", OPENED)
def test_a_bad_setting_is_named_when_the_handle_is_opened(case: str, tmp_path: Path) -> None:
    settings, named = OPENED[case]
    with pytest.raises((BadSetting, ModelUnavailable)) as raised:
        lookalike.open(**{"home": tmp_path, **settings})
    _check(raised.value, named)
    assert "secret" not in str(raised.value) and len(str(raised.value)) < 1000


@pytest.mark.parametrize(
    ("folder", "arguments"),
    [
        (5, {}),
        ("", {}),
        ("~nouser/x", {}),
        ("/tmp", {"k": "x"}),
        ("/tmp", {"size": 1.5}),
        ("/tmp", {"models": 5}),
        ("/tmp", {"models": [5]}),
        ("/tmp", {"seeds": 5}),
        ("/tmp", {"seeds": ["x"]}),
        ("/tmp", {"queries": "x"}),
        ("/tmp", {"queries": 1}),
    ],
)
def test_a_wrong_argument_of_an_evaluation_is_refused(folder: Any, arguments: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as raised:
        lookalike.evaluate(folder, **arguments, home=tmp_path)
    _check(raised.value, [])


@pytest.mark.parametrize("case", CALLS)
def test_a_bad_call_raises_an_error_with_a_clear_message(case: str, lance: Settings) -> None:
    call, kind, named = CALLS[case]
    with lookalike.open(home=lance.home) as images, pytest.raises(kind) as raised:
        call(images)
    _check(raised.value, named)


@pytest.mark.parametrize("method", TAKES_PATH)
@pytest.mark.parametrize("value", NO_PATHS, ids=repr)
def test_what_names_no_file_is_no_path(method: str, value: object, lance: Settings) -> None:
    with lookalike.open(home=lance.home) as images, pytest.raises(BadSetting) as raised:
        TAKES_PATH[method](images, value)
    _check(raised.value, [])


@pytest.mark.parametrize("method", TAKES_TEXT)
@pytest.mark.parametrize("value", NO_TEXTS, ids=repr)
def test_what_is_no_text_is_no_id(method: str, value: object, lance: Settings) -> None:
    with lookalike.open(home=lance.home) as images, pytest.raises(BadSetting) as raised:
        TAKES_TEXT[method](images, value)
    _check(raised.value, [])


@pytest.mark.parametrize("value", ["", "a\0b", LONE, 5])
def test_a_query_that_names_no_file_is_refused(value: Any, lance: Settings) -> None:
    with lookalike.open(home=lance.home) as images:
        with pytest.raises(BadSetting) as raised:
            images.search(value)
        _check(raised.value, [])
        with pytest.raises(BadSetting) as raised:
            images.search(uri=value)
        _check(raised.value, [])


@pytest.mark.parametrize("value", [5, None, b"x", {"a": 1}])
def test_only_texts_are_ids_to_delete(value: Any, lance: Settings) -> None:
    with lookalike.open(home=lance.home) as images, pytest.raises(BadSetting, match="list of ids"):
        images.delete(value)


@pytest.mark.parametrize("call", LONG_CALLS)
def test_a_message_shortens_what_it_repeats(call: str, lance: Settings) -> None:
    with lookalike.open(home=lance.home) as images, pytest.raises(LookalikeError) as raised:
        LONG_CALLS[call](images)
    assert len(str(raised.value)) < 1000


def test_an_image_of_more_pixels_than_the_limit_is_not_copied(lance: Settings) -> None:
    with lookalike.open(home=lance.home, max_image_pixels=80) as images:
        for query in (GREY, Image.fromarray(GREY)):
            with pytest.raises(QueryRejected, match="9 x 9 pixels"):
                images.search(query)


def test_an_export_does_not_replace_a_pipe(lance: Settings, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    with lookalike.open(home=lance.home) as images:
        for name in ("pipe", "link"):
            with pytest.raises(BadSetting, match="a FIFO"):
                images.export(tmp_path / name)
    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "link").is_symlink()


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
