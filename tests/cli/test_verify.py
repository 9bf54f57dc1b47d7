"""An index is held against its source picture by picture, and brought to what the source holds."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from lookalike import factories
from lookalike.samples import draw_samples
from lookalike.settings import read_settings
from testing.processes import answer, lookalike
from tests.cli.conftest import one_index

NOTHING = {"present": 0, "missing": 0, "stale": 0, "wrong_model": 0, "unreadable": 0, "orphaned": 0}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("sample")
    draw_samples(folder, per_class=1)
    return [path.read_bytes() for path in sorted(folder.rglob("*.*")) if path.is_file()]


@pytest.fixture
def pictures(tmp_path: Path, drawn: list[bytes]) -> Path:
    """Six different pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.jpg").write_bytes(drawn[number])
    return folder


def verify(environment: dict[str, str], *arguments: object, code: int = 1) -> dict[str, Any]:
    return answer(lookalike(environment, "verify", *arguments, "--json", code=code))


def sync(environment: dict[str, str], *arguments: object) -> dict[str, Any]:
    return answer(lookalike(environment, "sync", *arguments, "--json"))


def test_what_differs_is_counted_by_kind_and_mended(
    environment: dict[str, str], pictures: Path, drawn: list[bytes]
) -> None:
    lookalike(environment, "ingest", pictures)
    assert verify(environment, pictures, code=0) == NOTHING | {"present": 6}

    (pictures / "new.jpg").write_bytes(drawn[6])
    (pictures / "0.jpg").write_bytes(drawn[7])
    (pictures / "1.jpg").unlink()
    (pictures / "2.jpg").unlink()
    (pictures / "3.jpg").unlink()
    os.mkfifo(pictures / "3.jpg")
    found = {"present": 2, "missing": 1, "stale": 1, "orphaned": 2, "unreadable": 1}
    assert verify(environment, pictures) == NOTHING | found
    shown = lookalike(environment, "verify", pictures, code=1).stdout
    assert all(str(pictures / name) in shown for name in ("new.jpg", "0.jpg", "1.jpg", "2.jpg", "3.jpg"))
    assert str(pictures / "4.jpg") not in shown

    first = sync(environment, pictures)
    assert (first["indexed"], first["unchanged"], first["rejected"], first["deleted"]) == (2, 0, 0, 0)
    assert answer(lookalike(environment, "status", first["job"], "--json"))["found"] == 2
    assert verify(environment, pictures) == NOTHING | {"present": 4, "orphaned": 2, "unreadable": 1}

    (pictures / "3.jpg").unlink()
    second = sync(environment, pictures, "--delete")
    assert (second["job"], second["orphaned"], second["deleted"]) == (None, 3, 3)
    assert verify(environment, pictures, code=0) == NOTHING | {"present": 4}
    assert not is_loading(environment), "a sync without a job has begun a load that nothing ends"


def is_loading(environment: dict[str, str]) -> bool:
    names = {"home": "LOOKALIKE_HOME", "index_url": "LOOKALIKE_INDEX_URL", "index": "LOOKALIKE_INDEX"}
    index = factories.open_index(read_settings(**{key: environment.get(name) for key, name in names.items()}))
    try:
        return index.is_loading()
    finally:
        index.close()


@one_index
def test_sync_makes_the_index_where_there_is_none(environment: dict[str, str], pictures: Path) -> None:
    missing = lookalike(environment, "verify", pictures, code=1)
    assert environment["LOOKALIKE_INDEX"] in missing.stderr
    assert sync(environment, pictures)["indexed"] == 6
    assert verify(environment, pictures, code=0)["present"] == 6


@one_index
def test_a_label_that_differs_is_stale_and_another_model_is_told_apart(
    environment: dict[str, str], pictures: Path
) -> None:
    lookalike(environment, "ingest", pictures)
    assert verify(environment, pictures, "--label-from", "none") == NOTHING | {"stale": 6}
    assert verify(environment, pictures, "--model", "resnet50") == NOTHING | {"wrong_model": 6}


def test_neighbours_of_the_source_are_never_orphans(environment: dict[str, str], pictures: Path) -> None:
    beside = shutil.copytree(pictures, pictures.with_name("pictures2"))
    below = shutil.copytree(pictures, pictures / "below")
    lookalike(environment, "ingest", pictures, beside)
    for name in ("0.jpg", "1.jpg"):
        for folder in (pictures, beside, below):
            (folder / name).unlink()
    assert verify(environment, pictures)["orphaned"] == 4
    assert verify(environment, below)["orphaned"] == 2
    assert verify(environment, pictures / "*.jpg") == NOTHING | {"present": 4, "orphaned": 2}
    assert verify(environment, beside / "2.jpg", code=0) == NOTHING | {"present": 1}
    assert sync(environment, beside, "--delete")["deleted"] == 2
    assert verify(environment, pictures)["orphaned"] == 4


@one_index
def test_a_list_answers_for_what_it_names_and_for_the_folders_it_is_complete_for(
    environment: dict[str, str], pictures: Path
) -> None:
    lookalike(environment, "ingest", pictures, "--label-from", "none")
    listing = pictures.with_name("some.txt")
    listing.write_text("".join(f"pictures/{number}.jpg\n" for number in range(4)))
    (pictures / "0.jpg").unlink()
    options = (listing, "--label-from", "none")
    assert verify(environment, *options) == NOTHING | {"present": 3, "orphaned": 1}
    assert verify(environment, *options, "--within", pictures) == NOTHING | {"present": 3, "orphaned": 3}
    assert sync(environment, *options, "--within", pictures, "--delete")["deleted"] == 3


@one_index
def test_a_source_that_became_empty_removes_nothing(environment: dict[str, str], pictures: Path) -> None:
    lookalike(environment, "ingest", pictures)
    pictures.rename(pictures.with_name("away"))
    pictures.mkdir()
    refused = lookalike(environment, "sync", pictures, "--delete", code=1)
    assert str(pictures) in refused.stderr and "nothing is deleted" in refused.stderr
    assert verify(environment, pictures) == NOTHING | {"orphaned": 6}
    pictures.rmdir()
    gone = lookalike(environment, "sync", pictures, "--delete", code=1)
    assert str(pictures) in gone.stderr
    pictures.with_name("away").rename(pictures)
    assert verify(environment, pictures, code=0) == NOTHING | {"present": 6}


def test_names_that_are_not_utf_8_are_compared_like_others(environment: dict[str, str], pictures: Path) -> None:
    folder = os.path.join(os.fsencode(pictures), b"\xff\nodd")
    os.mkdir(folder)
    shutil.copy(os.fsencode(pictures / "0.jpg"), os.path.join(folder, b"\xfe.jpg"))
    lookalike(environment, "ingest", pictures)
    assert verify(environment, pictures, code=0) == NOTHING | {"present": 7}
    os.unlink(os.path.join(folder, b"\xfe.jpg"))
    assert verify(environment, pictures) == NOTHING | {"present": 6, "orphaned": 1}
    assert sync(environment, pictures, "--delete")["deleted"] == 1
