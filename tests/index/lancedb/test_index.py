"""Behaviour of LanceDB indexes that no other backend has: folders, fragments and the import."""

import subprocess
import sys
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from lookalike.errors import IndexConflict, IndexMissing, IndexUnavailable
from lookalike.index import Index, list_indexes, open_index, open_versions
from lookalike.index.facets import facets
from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.compaction import FEWEST_FRAGMENTS, MOST_FRAGMENTS, compact, most_fragments
from lookalike.index.lancedb.lean_lancedb import lancedb
from lookalike.queries.listing import Listing
from tests.index.documents import COSINE, documents


def compact_and_keep_nothing(folder: Path) -> None:
    """Compact without grace. A compaction commits two versions in less than a millisecond, and the first names the
    former files, so that any longer time could keep them."""
    with pytest.warns(UserWarning, match="removes every version except the latest"):
        compact(lancedb.connect(folder).open_table("images-v1"), Catalog(folder), 1, keep=timedelta(0))


def test_reading_a_missing_index_creates_nothing(folder: Path) -> None:
    with pytest.raises(IndexMissing):
        open_index(f"lancedb://{folder}", "images").count()
    assert list_indexes(f"lancedb://{folder}") == []
    assert not folder.exists()


def test_a_folder_with_a_space_and_a_percent_is_found(tmp_path: Path) -> None:
    index = open_index(f"lancedb://{tmp_path}/a%20b%25", "images")
    index.ensure(COSINE)
    assert (tmp_path / "a b%" / "catalog.json").exists()


def test_many_small_writes_are_compacted_meanwhile(index: Index, folder: Path) -> None:
    written, most = documents(3 * FEWEST_FRAGMENTS), 0
    for each in written:
        index.write([each])
        table = lancedb.connect(folder).open_table("images-v1")
        most = max(most, table.stats()["fragment_stats"]["num_fragments"])
    assert most == FEWEST_FRAGMENTS
    assert index.count() == len(index.stored([each.id for each in written])) == len(written)


def test_a_list_of_a_table_with_one_row_twice_ends(index: Index, folder: Path) -> None:
    index.write(documents(3))
    table = lancedb.connect(folder).open_table("images-v1")
    table.add(table.search().limit(1).to_arrow().select(table.schema.names))
    assert len(index.listed(Listing())) == 4


def test_a_large_table_is_rewritten_less_often() -> None:
    rows = (0, 10_000, MOST_FRAGMENTS * 1_000, 1_000_000)
    assert [most_fragments(count) for count in rows] == [16, 26, 67, 114]


def test_compaction_removes_old_files(index: Index, folder: Path) -> None:
    for each in documents(10):
        index.write([each])
    compact_and_keep_nothing(folder)
    assert len(list((folder / "images-v1.lance" / "data").iterdir())) == 1
    assert index.count() == 10
    assert index.model() == COSINE


def test_a_scan_of_documents_whose_files_are_removed_can_be_repeated(index: Index, folder: Path) -> None:
    for start in range(0, 60, 20):
        index.write(documents(60)[start : start + 20])
    batches = index.scan_documents(batch_size=10)
    next(batches)
    compact_and_keep_nothing(folder)
    with pytest.raises(IndexUnavailable, match="compaction"):
        list(batches)
    assert sum(map(len, index.scan_documents())) == 60


def test_lancedb_is_imported_without_packages_that_remain_importable() -> None:
    code = (
        "import sys, lookalike.index.lancedb.index\n"
        "print(any(name.startswith('lance_namespace_urllib3_client') for name in sys.modules))\n"
        "from lance_namespace_urllib3_client.models import CreateNamespaceRequest as whole\n"
        "print('properties' in whole.model_fields)\n"
        "from overrides import EnforceOverrides\n"
        "print(type(EnforceOverrides) is not type)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "True"]


def test_a_version_that_becomes_the_current_one_while_its_deletion_waits_stays(
    index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = open_versions(f"lancedb://{folder}", "images")
    second = versions.create(COSINE)
    building = Catalog.building

    def promoted_meanwhile(catalog: Catalog, table: str, timeout_s: float) -> AbstractContextManager[None]:
        monkeypatch.undo()
        versions.move(second)
        return building(catalog, table, timeout_s)

    monkeypatch.setattr(Catalog, "building", promoted_meanwhile)
    with pytest.raises(IndexConflict, match="images-v2 was not deleted"):
        versions.delete(second)
    assert index.version() == second
    versions.delete("images-v1")
    assert [info.version for info in versions.infos()] == [second]


def test_a_table_without_times_of_photographs_has_none(index: Index, folder: Path) -> None:
    index.write([replace(each, taken_at_ms=5) for each in documents(3)])
    lancedb.connect(folder).open_table("images-v1").drop_columns(["taken_at_ms"])
    with closing(open_index(f"lancedb://{folder}", "images")) as opened:
        counts = {"taken exists": 0, "taken missing": 3, "taken>=1970": 0, "taken=1970": 0, "taken!=1970": 3}
        assert {text: opened.count([text]) for text in counts} == counts
        assert len(opened.search(documents(1)[0].image_embedding, 9, ["taken missing", "label=even"])) == 2
        assert opened.search(documents(1)[0].image_embedding, 9, ["taken<2000"]) == []
        assert [facet.field for facet in facets(opened).facets] == ["label"]
