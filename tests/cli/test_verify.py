"""`verify` compares an index with its source image by image; `sync` makes the index match."""

import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lookalike import factories
from lookalike.index import Index
from lookalike.records import document_id
from lookalike.samples import draw_samples
from lookalike.settings import read_settings
from testing.processes import answer
from tests.cli.conftest import one_index
from tests.cli.inprocess import lookalike

NOTHING = {"present": 0, "missing": 0, "stale": 0, "wrong_model": 0, "unreadable": 0, "orphaned": 0}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("sample")
    draw_samples(folder, per_class=1)
    return [path.read_bytes() for path in sorted(folder.rglob("*.*")) if path.is_file()]


@pytest.fixture
def images(tmp_path: Path, drawn: list[bytes]) -> Path:
    """Six different images."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.jpg").write_bytes(drawn[number])
    return folder


def verify(environment: dict[str, str], *arguments: object, code: int = 1) -> dict[str, Any]:
    return answer(lookalike(environment, "verify", *arguments, "--json", code=code))


def sync(environment: dict[str, str], *arguments: object) -> dict[str, Any]:
    return answer(lookalike(environment, "sync", *arguments, "--json"))


def test_differences_are_counted_by_kind_and_repaired(
    environment: dict[str, str], images: Path, drawn: list[bytes]
) -> None:
    lookalike(environment, "ingest", images)
    assert verify(environment, images, code=0) == NOTHING | {"present": 6}
    assert lookalike(environment, "sync", images).stdout.strip() == "6 present; nothing to ingest."

    (images / "new.jpg").write_bytes(drawn[6])
    (images / "0.jpg").write_bytes(drawn[7])
    (images / "1.jpg").unlink()
    (images / "2.jpg").unlink()
    (images / "3.jpg").unlink()
    os.mkfifo(images / "3.jpg")
    found = {"present": 2, "missing": 1, "stale": 1, "orphaned": 2, "unreadable": 1}
    assert verify(environment, images) == NOTHING | found
    shown = lookalike(environment, "verify", images, code=1).stdout
    assert all(str(images / name) in shown for name in ("new.jpg", "0.jpg", "1.jpg", "2.jpg", "3.jpg"))
    assert str(images / "4.jpg") not in shown

    first = sync(environment, images)
    assert (first["indexed"], first["unchanged"], first["rejected"], first["deleted"]) == (2, 0, 0, 0)
    assert answer(lookalike(environment, "status", first["job"], "--json"))["found"] == 2
    assert verify(environment, images) == NOTHING | {"present": 4, "orphaned": 2, "unreadable": 1}

    (images / "3.jpg").unlink()
    second = sync(environment, images, "--delete")
    assert (second["job"], second["orphaned"], second["deleted"]) == (None, 3, 3)
    assert verify(environment, images, code=0) == NOTHING | {"present": 4}
    assert not is_loading(environment), "a sync without a job has begun a load that nothing ends"


def test_a_search_without_matches_says_why(environment: dict[str, str], images: Path) -> None:
    lookalike(environment, "ingest", images / "0.jpg")
    asked = ("search", images / "0.jpg", "--filter")
    assert "no stored image has label=churhc" in lookalike(environment, *asked, "label=churhc").stdout
    assert "0.jpg" in lookalike(environment, *asked, "label=images").stdout
    # The only image is not among its own matches.
    assert lookalike(environment, "search", "--uri", images / "0.jpg").stdout.strip() == "No matches."
    with closing(open_index(environment)) as index:
        index.delete([document_id(str(images / "0.jpg"))])
        index.refresh()
    assert "the index is empty" in lookalike(environment, "search", images / "0.jpg").stdout


def open_index(environment: dict[str, str]) -> Index:
    names = {"home": "LOOKALIKE_HOME", "index_url": "LOOKALIKE_INDEX_URL", "index": "LOOKALIKE_INDEX"}
    return factories.open_index(read_settings(**{key: environment.get(name) for key, name in names.items()}))


def is_loading(environment: dict[str, str]) -> bool:
    with closing(open_index(environment)) as index:
        return index.is_loading()


@one_index
def test_sync_creates_a_missing_index(environment: dict[str, str], images: Path) -> None:
    missing = lookalike(environment, "verify", images, code=1)
    assert environment["LOOKALIKE_INDEX"] in missing.stderr
    assert sync(environment, images)["indexed"] == 6
    assert verify(environment, images, code=0)["present"] == 6


@one_index
def test_a_different_label_is_stale_and_a_different_model_is_reported(
    environment: dict[str, str], images: Path
) -> None:
    lookalike(environment, "ingest", images)
    assert verify(environment, images, "--label-from", "none") == NOTHING | {"stale": 6}
    assert verify(environment, images, "--model", "resnet50") == NOTHING | {"wrong_model": 6}


def test_images_beside_the_source_are_never_orphaned(environment: dict[str, str], images: Path) -> None:
    beside = shutil.copytree(images, images.with_name("images2"))
    below = shutil.copytree(images, images / "below")
    lookalike(environment, "ingest", images, beside)
    for name in ("0.jpg", "1.jpg"):
        for folder in (images, beside, below):
            (folder / name).unlink()
    assert verify(environment, images)["orphaned"] == 4
    assert verify(environment, below)["orphaned"] == 2
    assert verify(environment, images / "*.jpg") == NOTHING | {"present": 4, "orphaned": 2}
    assert verify(environment, beside / "2.jpg", code=0) == NOTHING | {"present": 1}
    assert sync(environment, beside, "--delete")["deleted"] == 2
    assert verify(environment, images)["orphaned"] == 4


@one_index
def test_a_list_covers_its_own_entries_and_the_folders_given_by_within(
    environment: dict[str, str], images: Path
) -> None:
    lookalike(environment, "ingest", images, "--label-from", "none")
    listing = images.with_name("some.txt")
    listing.write_text("".join(f"images/{number}.jpg\n" for number in range(4)))
    (images / "0.jpg").unlink()
    options = (listing, "--label-from", "none")
    assert verify(environment, *options) == NOTHING | {"present": 3, "orphaned": 1}
    assert verify(environment, *options, "--within", images) == NOTHING | {"present": 3, "orphaned": 3}
    assert sync(environment, *options, "--within", images, "--delete")["deleted"] == 3


@one_index
def test_a_source_that_became_empty_deletes_nothing(environment: dict[str, str], images: Path) -> None:
    lookalike(environment, "ingest", images)
    images.rename(images.with_name("away"))
    images.mkdir()
    refused = lookalike(environment, "sync", images, "--delete", code=1)
    assert str(images) in refused.stderr and "nothing is deleted" in refused.stderr
    assert verify(environment, images) == NOTHING | {"orphaned": 6}
    images.rmdir()
    gone = lookalike(environment, "sync", images, "--delete", code=1)
    assert str(images) in gone.stderr
    images.with_name("away").rename(images)
    assert verify(environment, images, code=0) == NOTHING | {"present": 6}


def test_names_that_are_not_utf_8_are_compared_too(environment: dict[str, str], images: Path) -> None:
    folder = os.path.join(os.fsencode(images), b"\xff\nodd")
    os.mkdir(folder)
    shutil.copy(os.fsencode(images / "0.jpg"), os.path.join(folder, b"\xfe.jpg"))
    lookalike(environment, "ingest", images)
    assert verify(environment, images, code=0) == NOTHING | {"present": 7}
    os.unlink(os.path.join(folder, b"\xfe.jpg"))
    assert verify(environment, images) == NOTHING | {"present": 6, "orphaned": 1}
    assert sync(environment, images, "--delete")["deleted"] == 1
