"""A map is kept with the version of an index; what its page needs is read quickly. Every test runs on each backend."""

from contextlib import closing

import pytest

from lookalike.errors import BadFilter, IndexMissing
from lookalike.index import Index, open_version, open_versions
from lookalike.index.opensearch import kept_map
from lookalike.metadata import FieldType, Kind
from lookalike.records import Metadata, document_id
from tests.index.contract.test_versions import OTHER, fill
from tests.index.documents import document, documents, unit, write


def test_a_map_is_read_as_it_was_written_and_replaced(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_map, "PART_BYTES", 1000)
    assert (index.read_map(), index.map_tag()) == (None, None)
    tags = []
    for data in (bytes(range(256)) * 20, b"another", b""):
        index.write_map(data)
        assert index.read_map() == data
        tags.append(index.map_tag())
    assert None not in tags and len(set(tags)) == 3
    assert (index.count(), index.version()) == (0, "images-v1")


def test_each_version_has_its_own_map_which_is_deleted_with_it(index_url: str, index: Index) -> None:
    index.write_map(b"first")
    with closing(open_versions(index_url, "images")) as versions:
        second = versions.create(OTHER)
        fill(index_url, second, OTHER, 3)
        with closing(open_version(index_url, second)) as version:
            assert version.map_tag() is None
            version.write_map(b"second")
        assert index.read_map() == b"first"
        versions.move(second)
        assert index.read_map() == b"second"
        versions.move("images-v1")
        assert index.read_map() == b"first"
        assert [info.version for info in versions.infos()] == ["images-v1", second]
        versions.delete(second)
        # OpenSearch gives its number to the next one.
        with closing(open_version(index_url, versions.create(OTHER))) as version:
            assert version.read_map() is None


def test_an_index_that_is_dropped_takes_its_map_along(index: Index) -> None:
    index.write_map(b"first")
    index.drop()
    with pytest.raises(IndexMissing):
        index.read_map()
    with pytest.raises(IndexMissing):
        index.write_map(b"late")
    index.ensure(OTHER)
    assert index.map_tag() is None


def test_the_values_of_one_field_are_read_with_the_ids(index: Index) -> None:
    fields = {"year": Kind.INTEGER, "good": Kind.BOOLEAN, "taken": Kind.DATE, "words": Kind.TEXT}
    index.declare({name: FieldType(kind) for name, kind in fields.items()} | {"tags": FieldType(Kind.KEYWORD, True)})
    first: Metadata = {"year": 2020, "good": True, "taken": "2020-05-06T00:00:00Z", "tags": ["b", "a"]}
    written = [
        document("/a.jpg", unit(0), name="cat", metadata=first),
        document("/b.jpg", unit(1), metadata={"year": -1, "tags": []}),
    ]
    write(index, written)
    a, b = (document_id(uri) for uri in ("/a.jpg", "/b.jpg"))
    expected = {"label": ("cat", None), "year": (2020, -1), "good": (True, None), "tags": ("a", None)}
    for field, values in expected.items():
        assert dict(index.scan_values(field)) == dict(zip((a, b), values, strict=True)), field
    assert dict(index.scan_values("uri")) == {a: "/a.jpg", b: "/b.jpg"}
    taken = dict(index.scan_values("metadata.taken"))
    assert str(taken[a]).startswith("2020-05-06T00:00:00") and taken[b] is None
    for field in ("nothing", "words"):
        with pytest.raises(BadFilter):
            index.scan_values(field)


def test_uris_and_labels_of_many_ids_are_read(index: Index) -> None:
    write(index, [*documents(1200), document("/unnamed.jpg", unit(0))])
    ids = [document_id(f"/photos/{number}.jpg") for number in range(1200)]
    found = index.addresses([*ids, document_id("/unnamed.jpg"), "0" * 40])
    assert found == {
        **{id: (f"/photos/{number}.jpg", ("even", "odd")[number % 2]) for number, id in enumerate(ids)},
        document_id("/unnamed.jpg"): ("/unnamed.jpg", None),
    }
    assert index.addresses([]) == {}
