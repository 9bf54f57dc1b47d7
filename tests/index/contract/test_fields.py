"""Metadata has declared types, and values come back as they were written; every test runs on each backend."""

import threading
from contextlib import closing
from dataclasses import replace

import pytest

from lookalike.errors import BadSetting, IndexConflict, IndexMissing
from lookalike.index import Index, open_index, open_version, open_versions
from lookalike.index.declared import undeclared
from lookalike.metadata import MAX_FIELDS, FieldType, Kind, field_type
from lookalike.records import Metadata, Reason
from tests.index.documents import COSINE, document, unit, write
from tests.index.earlier import make_earlier

KINDS = {kind.value: FieldType(kind) for kind in Kind} | {f"{kind}s": FieldType(kind, is_list=True) for kind in Kind}
VALUES: Metadata = {
    "keyword": "it's",
    "keywords": ["a", "b, c", "a"],
    "text": "A red car.\nIt is new.",
    "texts": ["one", "two"],
    "integer": -(2**63),
    "integers": [1, 2**63 - 1],
    "float": 0.1,
    "floats": [1.0, -1e300],
    "date": "0001-01-01T00:00:00.000Z",
    "dates": ["1583-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"],
    "boolean": False,
    "booleans": [True, False],
}


def test_an_etag_is_stored_and_is_empty_where_there_is_none(index: Index) -> None:
    with_etag, without = replace(document("/a.jpg", unit(0)), etag='W/"it\'s"'), document("/b.jpg", unit(1))
    write(index, [with_etag, without])
    for fresh in (True, False):
        stored = index.stored([with_etag.id, without.id], is_fresh=fresh)
        assert [stored[each.id].etag for each in (with_etag, without)] == ['W/"it\'s"', ""]
    assert {each.etag for batch in index.scan_documents() for each in batch} == {'W/"it\'s"', ""}


@pytest.mark.parametrize("taken_at_ms", [1_715_953_502_250, 0, -2_082_844_800_000, None])
def test_when_a_photograph_was_taken_is_stored(index: Index, taken_at_ms: int | None) -> None:
    sent = replace(document("/a.jpg", unit(0)), taken_at_ms=taken_at_ms)
    write(index, [sent, document("/b.jpg", unit(1))])
    got = index.get(sent.id)
    scanned = {each.uri: each for batch in index.scan_documents() for each in batch}["/a.jpg"]
    best, other = index.search(unit(0), 2)
    exact = index.search(unit(0), 1, exact=True)[0]
    assert got is not None and other.taken_at_ms is None
    assert [each.taken_at_ms for each in (got, scanned, best, exact)] == [taken_at_ms] * 4


def test_values_of_every_type_come_back_as_they_were_written(index: Index) -> None:
    index.declare(KINDS)
    assert index.fields() == KINDS
    sent = document("/a.jpg", unit(0), metadata=VALUES)
    write(index, [sent, document("/b.jpg", unit(1))])
    scanned = {each.uri: each.metadata for batch in index.scan_documents() for each in batch}
    found = {match.uri: match.metadata for match in index.search(unit(0), 2)}
    got = index.get(sent.id)
    assert got is not None
    for metadata in (got.metadata, index.stored([sent.id])[sent.id].metadata, scanned["/a.jpg"], found["/a.jpg"]):
        assert metadata == VALUES
        assert {name: _types(value) for name, value in metadata.items()} == {n: _types(v) for n, v in VALUES.items()}
    assert scanned["/b.jpg"] == found["/b.jpg"] == {}


def _types(value: object) -> object:
    return [type(item) for item in value] if isinstance(value, list) else type(value)


def test_fields_that_nobody_declared_get_the_type_of_their_first_values(index: Index) -> None:
    first: list[Metadata] = [{"price": 5, "tags": []}, {"price": 5.5, "brand": "acme"}, {"tags": ["a"], "is_new": True}]
    write(index, [document(str(i), unit(i), metadata=metadata) for i, metadata in enumerate(first)])
    fields = {name: str(type) for name, type in index.fields().items()}
    assert fields == {"price": "float", "brand": "keyword", "tags": "keyword[]", "is_new": "boolean"}


def test_only_documents_with_values_that_do_not_fit_are_rejected(index: Index) -> None:
    index.declare({"year": field_type("int"), "when": field_type("date"), "brand": field_type("keyword")})
    bad: list[Metadata] = [
        {"year": "soon"},
        {"year": 2020.5},
        {"year": 2**63},
        {"year": [2020, 2021]},
        {"when": "yesterday"},
        {"brand": "x" * 9000},
        {"no name": 1},
        {"": 1},
        {"a.b": 1},
        {"ratio": float("inf")},
    ]
    good: list[Metadata] = [{"year": "2020"}, {"year": 2020.0}, {"when": "2020-01-02"}, {"brand": 7}, {}]
    rejected = index.write([document(str(i), unit(0), metadata=metadata) for i, metadata in enumerate([*bad, *good])])
    assert [(each.uri, each.reason) for each in rejected] == [(str(i), Reason.BAD_METADATA) for i in range(len(bad))]
    for each, metadata in zip(rejected, bad, strict=True):
        assert next(iter(metadata)) in each.detail
    index.refresh()
    held = [each.metadata for batch in index.scan_documents() for each in batch]
    expected: list[Metadata] = [
        {"year": 2020},
        {"year": 2020},
        {"when": "2020-01-02T00:00:00.000Z"},
        {"brand": "7"},
        {},
    ]
    assert sorted(held, key=str) == sorted(expected, key=str)


def test_a_label_is_at_most_as_long_as_a_keyword(index: Index) -> None:
    labels = ["é" * 8191, "x" * 8192, "x" * 40_000]
    rejected = index.write([document(str(i), unit(0), name=label) for i, label in enumerate(labels)])
    assert [(each.uri, each.reason) for each in rejected] == [("1", Reason.BAD_METADATA), ("2", Reason.BAD_METADATA)]
    assert "label" in rejected[0].detail and "8191" in rejected[0].detail
    index.refresh()
    assert index.labels(9) == {labels[0]: 1}


def test_text_that_tables_hold_in_place_of_a_value_is_missing_among_numbers_only(index: Index) -> None:
    index.declare({"year": field_type("int"), "brand": field_type("keyword")})
    write(index, [document("/a.jpg", unit(0), metadata={"year": "n/a", "brand": "None"})])
    assert index.search(unit(0), 1)[0].metadata == {"brand": "None"}


def test_a_field_has_one_type_and_the_error_names_both(index: Index) -> None:
    index.declare({"year": field_type("int"), "tags": field_type("list")})
    index.declare({"year": field_type("int")})
    asked = [("year", "keyword", "integer"), ("year", "int[]", "integer"), ("tags", "str", "keyword[]")]
    for name, wanted, held in asked:
        with pytest.raises(IndexConflict) as error:
            index.declare({"brand": field_type("str"), name: field_type(wanted)})
        assert all(word in error.value.what for word in ("images", name, held, str(field_type(wanted))))
        assert f"{name}:{held}" in error.value.advice
    assert set(index.fields()) == {"year", "tags"}


def test_an_index_has_at_most_64_fields(index: Index) -> None:
    index.declare({f"f{i}": field_type("int") for i in range(MAX_FIELDS - 1)})
    with pytest.raises(BadSetting, match="65"):
        index.declare({"one": field_type("int"), "two": field_type("int")})
    rejected = index.write(
        [document("/a.jpg", unit(0), metadata={"one": 1}), document("/b.jpg", unit(0), metadata={"two": 1})]
    )
    assert [(each.uri, each.reason) for each in rejected] == [("/b.jpg", Reason.BAD_METADATA)]
    assert "64" in rejected[0].detail and len(index.fields()) == MAX_FIELDS


@pytest.mark.parametrize("name", ["no name", "", "a.b", "x" * 65, "1st", "it's", "日本"])
def test_a_name_that_an_index_cannot_hold_is_refused(index: Index, name: str) -> None:
    with pytest.raises(BadSetting):
        index.declare({name: field_type("int")})
    assert index.fields() == {}


def test_names_that_differ_in_case_only_are_different_fields(index: Index) -> None:
    write(index, [document("/a.jpg", unit(0), metadata={"Year": 1, "year": "a", "YEAR": True, "name": "n", "id": 5})])
    assert index.search(unit(0), 1)[0].metadata == {"Year": 1, "year": "a", "YEAR": True, "name": "n", "id": 5}


def test_clients_that_declare_at_the_same_time_lose_no_field_and_agree_on_a_type(index_url: str, index: Index) -> None:
    barrier, refused = threading.Barrier(6), []

    def declare(number: int) -> None:
        with closing(open_index(index_url, "images")) as own:
            barrier.wait(timeout=60)
            own.declare({"shared": field_type("int"), f"own{number}": field_type("date")})
            barrier.wait(timeout=60)
            try:
                own.declare({"contested": field_type("int" if number % 2 else "keyword")})
            except IndexConflict:
                refused.append(number)

    threads = [threading.Thread(target=declare, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(index.fields()) == {"shared", "contested", *(f"own{number}" for number in range(6))}
    losers = {0, 2, 4} if index.fields()["contested"] == field_type("int") else {1, 3, 5}
    assert set(refused) == losers


def test_clients_that_use_fields_first_at_the_same_time_lose_none_and_reject_only_what_does_not_fit(
    index_url: str, index: Index
) -> None:
    """A field that another client gives another type does not keep its neighbours from being declared."""
    barrier, rejected = threading.Barrier(6), []

    def use(number: int) -> None:
        values: list[Metadata] = [{"shared": number, f"own{number}": 1}, {f"own{number}": 2}]
        if number % 2:
            values[0] = {"shared": "text", f"own{number}": 1}
        with closing(open_index(index_url, "images")) as own:
            barrier.wait(timeout=60)
            documents = [document(f"{number}/{i}", unit(0), metadata=metadata) for i, metadata in enumerate(values)]
            rejected.extend(own.write(documents))

    threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(index.fields()) == {"shared", *(f"own{number}" for number in range(6))}
    # A number is a keyword as well; a text is no number.
    bad = {"1/0", "3/0", "5/0"} if index.fields()["shared"] == field_type("int") else set()
    assert {each.uri for each in rejected} == bad and all("shared" in each.detail for each in rejected)
    index.refresh()
    assert index.count() == 12 - len(bad)


def test_more_fields_than_there_may_be_stay_usable() -> None:
    """Clients that add fields at the same time may exceed the limit together."""
    held = {f"f{i}": field_type("int") for i in range(MAX_FIELDS + 1)}
    assert undeclared(held, {"f0": field_type("int")}, "images") == {}
    with pytest.raises(BadSetting, match="66"):
        undeclared(held, {"new": field_type("int")}, "images")


def test_a_new_version_has_the_declared_fields(index_url: str, index: Index) -> None:
    index.declare(KINDS)
    with closing(open_versions(index_url, "images")) as versions:
        physical = versions.create(replace(COSINE, fingerprint="d" * 16))
    with closing(open_version(index_url, physical)) as version:
        assert version.fields() == KINDS


def test_a_missing_index_has_no_fields(absent: Index) -> None:
    for use in (absent.fields, lambda: absent.declare({"year": field_type("int")})):
        with pytest.raises(IndexMissing, match="images"):
            use()


def test_an_index_of_an_earlier_release_is_read_and_written_and_gains_types(index_url: str, absent: Index) -> None:
    early = [document(f"/{i}.jpg", unit(i), name="cat", metadata={"eyes": "green", "a.b": "c"}) for i in range(3)]
    make_earlier(index_url, early)
    # A worker may write before `ensure` has added what is new.
    assert absent.write([replace(document("/3.jpg", unit(3)), etag="lost", taken_at_ms=1)]) == []
    assert {match.taken_at_ms for match in absent.search(unit(0), 3)} == {None}
    assert absent.stored([early[0].id])[early[0].id].metadata == early[0].metadata
    absent.ensure(COSINE)
    absent.ensure(COSINE)
    absent.declare({"year": field_type("int")})
    sent = replace(document("/4.jpg", unit(4), metadata={"year": 2020, "eyes": "blue"}), etag="e", taken_at_ms=5)
    write(absent, [sent, replace(early[1], metadata={"year": 1999})])
    held = absent.stored([sent.id, early[0].id, early[1].id])
    assert (held[sent.id].etag, held[early[0].id].etag) == ("e", "")
    assert [dict(held[each.id].metadata) for each in (sent, *early[:2])] == [
        {"year": 2020, "eyes": "blue"},
        {"eyes": "green", "a.b": "c"},
        {"year": 1999},
    ]
    found = {match.uri: match for match in absent.search(unit(0), 9)}
    assert found["/0.jpg"].metadata == early[0].metadata
    assert {uri: match.taken_at_ms for uri, match in found.items() if match.taken_at_ms is not None} == {"/4.jpg": 5}
    assert {name: str(type) for name, type in absent.fields().items()} == {"year": "integer", "eyes": "keyword"}
