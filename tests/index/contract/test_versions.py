"""Versions of an index are filled unseen, promoted in one step and rolled back; every test runs on each backend."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from lookalike.errors import BadSetting, IndexMissing, LookalikeError, ModelMismatch, PermanentError
from lookalike.index import Index, Versions, list_indexes, open_index, open_version, open_versions
from lookalike.index.versions import pick, rollback, version_for
from lookalike.records import ModelIdentity
from tests.index.documents import COSINE, document, documents, unit

#: The same dimension and metric: only the fingerprint differs.
OTHER = replace(COSINE, name="other", fingerprint="d" * 16)
MOVES = 6


@pytest.fixture
def versions(index_url: str, index: Index) -> Iterator[Versions]:
    opened = open_versions(index_url, "images")
    yield opened
    opened.close()


def fill(url: str, physical: str, model: ModelIdentity, count: int) -> None:
    """Fill a version as a job does."""
    version = open_version(url, physical)
    version.ensure(model)
    version.begin_load()
    assert version.write(documents(count, model=model)) == []
    version.end_load()
    version.close()


def test_readers_see_a_version_only_after_the_name_moves_to_it(
    index_url: str, index: Index, versions: Versions
) -> None:
    index.write(documents(3))
    index.refresh()
    physical = versions.create(OTHER)
    fill(index_url, physical, OTHER, 5)
    assert (index.model(), index.count(), index.version()) == (COSINE, 3, "images-v1")
    versions.move(physical)
    assert (index.model(), index.count(), index.version()) == (OTHER, 5, "images-v2")
    assert len(index.search(unit(0), 9, fingerprint=OTHER.fingerprint)) == 5


def test_all_versions_are_listed_with_the_current_one_marked(index_url: str, index: Index, versions: Versions) -> None:
    fill(index_url, versions.create(OTHER), OTHER, 5)
    versions.create(COSINE)
    assert [(info.version, info.model, info.documents, info.is_current) for info in versions.infos()] == [
        ("images-v1", COSINE, 0, True),
        ("images-v2", OTHER, 5, False),
        ("images-v3", COSINE, 0, False),
    ]
    assert list_indexes(index_url) == versions.infos()


def test_a_rollback_returns_to_the_replaced_version_and_no_further(index_url: str, versions: Versions) -> None:
    with pytest.raises(PermanentError, match="Nothing to roll back to"):
        rollback(versions)
    second, third = versions.create(OTHER), versions.create(COSINE)
    versions.move(second)
    versions.move(third)
    assert rollback(versions) == (third, second)
    assert rollback(versions) == (second, "images-v1")
    with pytest.raises(PermanentError, match="Nothing to roll back to"):
        rollback(versions)
    assert versions.former_models() == {COSINE.fingerprint, OTHER.fingerprint}


def test_a_rollback_never_returns_to_a_deleted_version(versions: Versions) -> None:
    versions.move(versions.create(OTHER))
    versions.delete("images-v1")
    with pytest.raises(PermanentError, match="Nothing to roll back to"):
        rollback(versions)
    assert [info.version for info in versions.infos()] == ["images-v2"]


def test_the_newest_version_is_picked_but_never_the_current_one(versions: Versions) -> None:
    with pytest.raises(PermanentError, match="no version newer than images-v1"):
        pick(versions.infos(), "images", None)
    versions.create(OTHER)
    versions.create(COSINE)
    assert pick(versions.infos(), "images", None).version == "images-v3"
    assert pick(versions.infos(), "images", "images-v2").version == "images-v2"
    for absent in ("images-v1", "images-v9"):
        with pytest.raises(PermanentError, match=absent):
            pick(versions.infos(), "images", absent)


def test_an_unfinished_version_is_filled_further_but_never_the_current_one(versions: Versions) -> None:
    assert version_for(versions, OTHER) == "images-v2"
    assert version_for(versions, OTHER) == "images-v2"
    assert version_for(versions, COSINE) == "images-v3"


def test_a_deleted_version_is_neither_written_nor_created_again(index_url: str, versions: Versions) -> None:
    version = open_version(index_url, versions.create(OTHER))
    version.ensure(OTHER)
    versions.delete("images-v2")
    for use in (lambda: version.write(documents(1, model=OTHER)), lambda: version.ensure(OTHER), version.model):
        with pytest.raises(IndexMissing, match="images-v2"):
            use()
    with pytest.raises(IndexMissing, match="images-v2"):
        versions.delete("images-v2")
    assert [info.version for info in versions.infos()] == ["images-v1"]
    version.close()


def test_a_move_to_a_deleted_version_changes_nothing(index: Index, versions: Versions) -> None:
    with pytest.raises(IndexMissing):
        versions.move("images-v7")
    assert index.version() == "images-v1"


def test_a_version_rejects_another_model(index_url: str, versions: Versions) -> None:
    version = open_version(index_url, versions.create(OTHER))
    for use in (lambda: version.ensure(COSINE), lambda: version.write(documents(1))):
        with pytest.raises(ModelMismatch, match="other"):
            use()
    version.close()


def test_a_missing_index_has_no_versions(index_url: str) -> None:
    versions = open_versions(index_url, "nowhere")
    assert versions.infos() == []
    for use in (versions.previous, lambda: versions.move("nowhere-v1")):
        with pytest.raises(IndexMissing):
            use()
    versions.close()


def test_the_name_of_an_index_is_not_a_version_and_vice_versa(index_url: str) -> None:
    with pytest.raises(BadSetting):
        open_version(index_url, "images")
    with pytest.raises(BadSetting):
        open_versions(index_url, "images-v1")


def test_a_search_with_a_vector_of_another_model_is_rejected(index: Index) -> None:
    index.write(documents(3))
    index.refresh()
    assert len(index.search(unit(0), 3, fingerprint=COSINE.fingerprint)) == 3
    with pytest.raises(ModelMismatch, match=OTHER.fingerprint):
        index.search(unit(0), 3, fingerprint=OTHER.fingerprint)


def test_a_search_notices_that_the_index_was_dropped_and_created_for_another_model(
    index_url: str, index: Index
) -> None:
    index.write(documents(3))
    index.refresh()
    assert len(index.search(unit(0), 3, fingerprint=COSINE.fingerprint)) == 3
    with closing(open_index(index_url, index.name)) as other:
        other.drop()
        other.ensure(OTHER)
        other.write(documents(3, model=OTHER))
        other.refresh()
    with pytest.raises(ModelMismatch, match=OTHER.fingerprint):
        index.search(unit(0), 3, fingerprint=COSINE.fingerprint)
    assert len(index.search(unit(0), 3, fingerprint=OTHER.fingerprint)) == 3


def test_searches_while_the_name_moves_succeed_and_return_one_model(
    index_url: str, index: Index, versions: Versions
) -> None:
    """Each version contains one image, named after its model."""
    for physical, model in (("images-v1", COSINE), (versions.create(OTHER), OTHER)):
        version = open_version(index_url, physical)
        version.ensure(model)
        version.write([document(f"/{model.name}.jpg", unit(0), name=model.name, model=model)])
        version.end_load()
        version.close()
    seen: list[tuple[str, str]] = []
    failed: list[LookalikeError] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            for model in (COSINE, OTHER):
                try:
                    found = index.search(unit(0), 1, fingerprint=model.fingerprint)
                    seen.extend((model.name, match.name or "") for match in found or [])
                except ModelMismatch:
                    continue
                except LookalikeError as error:
                    failed.append(error)

    searching = threading.Thread(target=search)
    searching.start()
    try:
        for move in range(MOVES):
            before, deadline = len(seen), threading.Event()
            versions.move(f"images-v{1 + (move + 1) % 2}")
            while len(seen) < before + 3 and searching.is_alive():
                deadline.wait(0.005)
    finally:
        done.set()
        searching.join()
    assert failed == []
    assert set(seen) == {("tiny", "tiny"), ("other", "other")}


def test_an_index_whose_current_version_is_deleted_can_be_created_again(index_url: str, versions: Versions) -> None:
    versions.delete("images-v1")
    index = open_index(index_url, "images")
    with pytest.raises(IndexMissing):
        index.count()
    index.ensure(OTHER)
    assert index.model() == OTHER
    index.close()
