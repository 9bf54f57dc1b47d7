"""`verify` compares an index with its source image by image; `sync` makes the index match."""

import os
import shutil
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from lookalike import factories
from lookalike.index import Index
from lookalike.records import document_id
from lookalike.samples import draw_samples
from lookalike.settings import read_settings
from testing.processes import TIMEOUT_S, answer, started
from tests.cli.conftest import one_index
from tests.cli.inprocess import lookalike

NOTHING = {"present": 0, "missing": 0, "stale": 0, "wrong_model": 0, "unreadable": 0, "orphaned": 0, "rejected": 0}


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


def verify(environment: dict[str, str], *arguments: object, code: int = 3) -> dict[str, Any]:
    return answer(lookalike(environment, "verify", *arguments, "--json", code=code))


def failed(environment: dict[str, str], folder: Path) -> dict[str, tuple[str, bool]]:
    """Reason, and whether a document was kept, of every rejected image in a folder. Each is listed once."""
    listed = answer(lookalike(environment, "failed", "list", "--json"))["failed"]
    mine = [item for item in listed if item["uri"].startswith(f"{folder}/")]
    found = {Path(item["uri"]).name: (item["reason"], item["kept"]) for item in mine}
    assert len(found) == len(mine)
    return found


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
    found = {"present": 2, "missing": 1, "stale": 1, "orphaned": 3}
    assert verify(environment, images) == NOTHING | found
    shown = lookalike(environment, "verify", images, code=3).stdout
    assert all(str(images / name) in shown for name in ("new.jpg", "0.jpg", "1.jpg", "2.jpg", "3.jpg"))
    assert str(images / "4.jpg") not in shown

    first = sync(environment, images)
    assert (first["indexed"], first["unchanged"], first["rejected"], first["deleted"]) == (2, 0, 1, 0)
    assert answer(lookalike(environment, "status", first["job"], "--json"))["found"] == 3
    assert verify(environment, images) == NOTHING | {"present": 4, "orphaned": 3}

    second = sync(environment, images, "--delete")
    assert (second["rejected"], second["orphaned"], second["deleted"]) == (1, 3, 3)
    assert verify(environment, images, code=0) == NOTHING | {"present": 4, "rejected": 1}
    (images / "3.jpg").unlink()
    third = sync(environment, images, "--delete")
    assert (third["job"], third["deleted"]) == (None, 0)
    assert verify(environment, images, code=0) == NOTHING | {"present": 4}
    assert failed(environment, images) == {}
    assert not is_loading(environment), "a sync without a job has begun a load that nothing ends"


def test_a_search_without_matches_says_why(environment: dict[str, str], images: Path) -> None:
    lookalike(environment, "ingest", images / "0.jpg")
    asked = ("search", images / "0.jpg", "--filter")
    assert "no stored image has label=churhc" in lookalike(environment, *asked, "label=churhc").stdout
    assert "0.jpg" in lookalike(environment, *asked, "label=images").stdout
    # The only image is not among its own matches.
    alone = lookalike(environment, "search", "--uri", images / "0.jpg")
    assert alone.stdout == "No matches: no other image is stored.\n"
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
    kept = sync(environment, images, "--delete")
    assert (kept["deleted"], kept["kept"]) == (0, 1), "an empty folder may be that of an absent disk"
    os.rmdir(folder)
    assert sync(environment, images, "--delete")["deleted"] == 1


def test_an_image_that_breaks_later_is_rejected_and_no_document_any_more(
    environment: dict[str, str], images: Path, drawn: list[bytes]
) -> None:
    listing = images.with_name("list.txt")
    listing.write_text("".join(f"images/{number}.jpg\n" for number in range(6)))
    lookalike(environment, "ingest", listing)
    (images / "0.jpg").write_bytes(drawn[0][: len(drawn[0]) // 2])
    (images / "1.jpg").write_bytes(b"")
    (images / "2.jpg").write_text("<!doctype html><title>404</title>")
    (images / "3.jpg").unlink()
    (images / "4.jpg").write_bytes(drawn[7])
    job = answer(lookalike(environment, "ingest", listing, "--json"))
    assert (job["indexed"], job["unchanged"], job["rejected"], job["rejected_unchanged"]) == (1, 1, 4, 0)
    broken = {"0.jpg": ("truncated", False), "1.jpg": ("empty", False), "2.jpg": ("unsupported", False)}
    assert failed(environment, images) == broken | {"3.jpg": ("not_found", True)}
    assert stored(environment) == {"3.jpg", "4.jpg", "5.jpg"}

    again = lookalike(environment, "ingest", listing)
    assert "0 rejected + 4 rejected (unchanged)" in again.stdout
    assert verify(environment, listing) == NOTHING | {"present": 2, "orphaned": 1, "rejected": 3}
    done = sync(environment, listing, "--delete")
    assert (done["deleted"], done["indexed"], done["rejected"], done["rejected_unchanged"]) == (1, 0, 1, 3)
    assert stored(environment) == {"4.jpg", "5.jpg"}
    assert failed(environment, images) == broken | {"3.jpg": ("not_found", False)}
    assert verify(environment, listing, code=0) == NOTHING | {"present": 2, "rejected": 4}
    (images / "0.jpg").write_bytes(drawn[0])
    assert sync(environment, listing)["indexed"] == 1
    assert set(failed(environment, images)) == {"1.jpg", "2.jpg", "3.jpg"}


@one_index
def test_what_is_beside_images_is_rejected_once_and_verify_settles(environment: dict[str, str], images: Path) -> None:
    for name in ("0.jpg.json", "0.xmp", "film.mov"):
        (images / name).write_bytes(b"\0\0\0\x14ftypqt  " + name.encode())
    lookalike(environment, "ingest", images)
    shown = lookalike(environment, "verify", images, code=0).stdout
    assert all(f"rejected      {images}/{name}" in shown for name in ("0.jpg.json", "0.xmp", "film.mov"))
    for _ in range(2):
        assert lookalike(environment, "sync", images).stdout.strip() == (
            "6 present, 3 rejected (unchanged); nothing to ingest."
        )
    assert set(failed(environment, images)) == {"0.jpg.json", "0.xmp", "film.mov"}
    retried = answer(lookalike(environment, "failed", "retry", "--reason", "unsupported", "--json", code=1))
    assert (retried["rejected"] >= 3, retried["rejected_unchanged"] if len(retried["jobs"]) == 1 else 0) == (True, 0)
    (images / "film.mov").unlink()
    sync(environment, images)
    assert set(failed(environment, images)) == {"0.jpg.json", "0.xmp"}


@one_index
def test_an_ingest_or_a_sync_that_rejects_everything_fails(environment: dict[str, str], images: Path) -> None:
    (images / "bad").mkdir()
    (images / "bad" / "a.jpg").touch()
    for unchanged in (0, 1):
        done = answer(lookalike(environment, "ingest", images / "bad", "--json", code=1))
        assert (done["found"], done["rejected"], done["rejected_unchanged"]) == (1, 1, unchanged)
    (images / "bad" / "b.jpg").touch()
    for job in (True, False):
        done = answer(lookalike(environment, "sync", images / "bad", "--json", code=1))
        assert (done["job"] is not None) == job
    assert lookalike(environment, "sync", images / "bad", "--dry-run", code=0)
    assert lookalike(environment, "ingest", images, code=0)


@one_index
def test_an_index_that_is_made_anew_remembers_no_rejections(environment: dict[str, str], images: Path) -> None:
    (images / "a.jpg").touch()
    for _ in range(2):
        assert answer(lookalike(environment, "ingest", images, "--json"))["rejected_unchanged"] == 0
        lookalike(environment, "index", "delete", environment["LOOKALIKE_INDEX"], "--yes")


def stored(environment: dict[str, str]) -> set[str]:
    """The names of all images in the index."""
    with closing(open_index(environment)) as index:
        index.refresh()
        return {Path(uri).name for _, uri in index.scan()}


@one_index
def test_an_absent_disk_below_the_source_deletes_nothing_and_a_large_deletion_is_asked_for(
    environment: dict[str, str], images: Path, drawn: list[bytes]
) -> None:
    (images / "nas").mkdir()
    for number in range(8):
        (images / "nas" / f"{number}.jpg").write_bytes(drawn[number])
    lookalike(environment, "ingest", images)
    (images / "nas").rename(images.with_name("unplugged"))
    (images / "nas").mkdir()
    kept = lookalike(environment, "sync", images, "--delete")
    assert f"8 images are kept: {images}/nas is empty" in kept.stderr and "remove the folder" in kept.stderr
    assert "Deleted 0 orphans" in kept.stdout
    (images / "nas").rmdir()
    refused = lookalike(environment, "sync", images, "--delete", code=1)
    assert "8 of 14 images (57%)" in refused.stderr and "--yes" in refused.stderr
    (images / "new.jpg").write_bytes(drawn[8])
    plan = lookalike(environment, "sync", images, "--delete", "--dry-run")
    assert "Would ingest 1 image" in plan.stdout and "Would delete 8 of 14 images" in plan.stdout
    assert all(f"{images}/nas/{number}.jpg" in plan.stdout for number in range(8))
    assert verify(environment, images) == NOTHING | {"present": 6, "missing": 1, "orphaned": 8}
    done = sync(environment, images, "--delete", "--yes")
    assert (done["to_delete"], done["deleted"], done["kept"], done["indexed"]) == (8, 8, 0, 1)
    assert verify(environment, images, code=0) == NOTHING | {"present": 7}


@one_index
def test_two_syncs_of_overlapping_sources_at_the_same_time_agree(
    environment: dict[str, str], images: Path, drawn: list[bytes]
) -> None:
    (images / "sub").mkdir()
    for number in range(12):
        (images / "sub" / f"{number}.jpg").write_bytes(drawn[number % 8])
    lookalike(environment, "sync", images)
    for number in range(6):
        (images / "sub" / f"{number}.jpg").write_bytes(drawn[9])
        (images / "sub" / f"{number + 6}.jpg").unlink()
        (images / f"new{number}.jpg").write_bytes(drawn[number])
    sources = ((images,), (images / "sub", images / "sub", *images.glob("*.jpg")))
    with ExitStack() as running:
        both = [
            running.enter_context(started(environment, "sync", *some, "--delete", "--yes", "--json"))
            for some in sources
        ]
        ended = [process.communicate(timeout=TIMEOUT_S) for process in both]
        assert [process.returncode for process in both] == [0, 0], ended
    assert verify(environment, images, code=0)["present"] == 6 + 6 + 6
