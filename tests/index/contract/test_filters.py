"""Searches, counts and facets are limited by conditions on any field; every test runs on each backend."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.errors import BadSetting
from lookalike.filters import Condition, Operator
from lookalike.index import Index
from lookalike.metadata import Fields, field_type
from lookalike.records import Metadata
from tests.index.documents import COSINE, document, documents_of, unit, write
from tests.index.earlier import make_earlier

FIELDS: Fields = {
    name: field_type(type)
    for name, type in {
        "year": "int",
        "price": "float",
        "brand": "keyword",
        "caption": "text",
        "captions": "text[]",
        "taken": "date",
        "visits": "date[]",
        "sold": "bool",
        "tags": "list",
        "sizes": "int[]",
    }.items()
}
#: By uri. The one called "none" has no metadata and no label.
IMAGES: dict[str, Metadata] = {
    "a": {
        "year": 2019,
        "price": 9.5,
        "brand": "acme",
        "taken": "2020-01-31T23:59:59.999Z",
        "sold": True,
        "sizes": [1, 9],
    },
    "b": {"year": 2020, "price": -1.0, "brand": "globex", "taken": "2020-02-01", "sold": False, "tags": ["x", "it's"]},
    "c": {"year": -(2**63), "price": 1e300, "brand": "Acme", "taken": "0001-01-01", "tags": ["y"], "sizes": [5]},
    "d": {"year": 2**63 - 1, "caption": "It's a Red, car\nof 日本語", "visits": ["1999-05-05T12:00:00Z", "2020-02-03"]},
    "e": {"caption": "a redder car", "captions": ["red", "car"], "visits": ["2019-01-01"], "taken": "9999-12-31"},
    "none": {},
}
CASES = {
    "year=2020": "b",
    "year=2020,2019": "a b",
    "year!=2020": "a c d e none",
    "year!=2020,2019": "c d e none",
    "year>=2020": "b d",
    "year>2020": "d",
    "year<=2019": "a c",
    "year<2019": "c",
    f"year={-(2**63)}": "c",
    f"year>{-(2**63)}": "a b d",
    f"year={2**63 - 1}": "d",
    "year exists": "a b c d",
    "year missing": "e none",
    "price>=9.5": "a c",
    "price<0": "b",
    "price=1e300,-1": "b c",
    "brand=acme": "a",
    "brand=acme,Acme": "a c",
    "brand!=acme": "b c d e none",
    "brand>=acme": "a b",
    "brand missing": "d e none",
    "sold=true": "a",
    "sold=no": "b",
    "sold!=true": "b c d e none",
    "tags=x": "b",
    "tags=it's,y": "b c",
    "tags!=x": "a c d e none",
    "tags exists": "b c",
    "sizes=9": "a",
    "sizes>=6": "a",
    "sizes<=4": "a",
    "sizes<6": "a c",
    "sizes!=5": "a b d e none",
    "taken=2020-01-31": "a",
    "taken=2020": "a b",
    "taken=2020-02,0001": "b c",
    "taken>2020-01": "b e",
    "taken>=2020-01-31": "a b e",
    "taken<=2020-01-31": "a c",
    "taken<2020-01-31": "c",
    "taken=2020-01-31T23:59:59.999Z": "a",
    "taken>2020-02-01T02:00:00+02:00": "e",
    "taken>=2020-02-01T02:00:00+02:00": "b e",
    "taken!=2020": "c d e none",
    "visits=2020": "d",
    "visits=1999-05-05": "d",
    "visits<2000": "d",
    "visits>=2019-06": "d",
    "visits!=2019-01": "a b c d none",
    "caption=red": "d",
    "caption=RED CAR": "d",
    "caption=car": "d e",
    'caption="red, car"': "d",
    "caption=日本": "d",
    "caption!=car": "a b c none",
    "caption exists": "d e",
    "captions=red": "e",
    "captions=red car": "",
    "caption=!!!": "",
    "label=L0": "a c e",
    "label!=L0": "b d none",
    "label missing": "none",
    "label exists": "a b c d e",
    "uri=a,b": "a b",
    "uri>=d": "d e none",
}


@pytest.fixture
def filled(index: Index) -> Index:
    index.declare(FIELDS)
    write(index, documents_of(IMAGES))
    return index


def found(index: Index, *filters: Any) -> str:
    return " ".join(sorted(match.uri for match in index.search(unit(0), 50, filters)))


def test_every_operator_on_every_type_finds_the_images_that_meet_it(filled: Index) -> None:
    for text, expected in CASES.items():
        assert found(filled, text) == expected, text
        assert filled.count([text]) == len(expected.split()), text


#: Texts, each under the first letter of its uri.
TEXTS = {
    "a": "It's 3.14 at example.com, foo_bar",
    "b": "日本カメラです",
    "c": "cafe\u0301 noir",
    "d": "नमस्ते दुनिया",
    "e": "x" * 32_000,
    "f": "!!! 🎉",
    "g": "",
    "h": "ก" * 32_000,
    "i": "Straße\n\tCAFÉ  noir",
    "j": "'it' s, 'tis 1,000:5 (日 。本)",
    "k": "\u0130\u017f \u212a",
}
#: As OpenSearch's analyzer finds them; each was also compared with what it finds without lookalike.
PHRASES = {
    "it's": "a",
    "it": "j",
    "i\u017f k": "k",
    "is": "",
    "it s": "j",
    "tis": "j",
    "3.14 AT Example.COM": "a",
    "3": "",
    "14": "",
    "example": "",
    "1,000": "j",
    "1,000 5": "j",
    "000": "",
    "foo": "",
    "foo_bar": "a",
    "foo bar": "",
    "カメラ": "b",
    "本カメラで": "b",
    "メラ": "",
    "日本": "b j",
    "cafe\u0301": "c",
    "café": "i",
    "cafe": "",
    "noir": "c i",
    "नमस्ते": "d",
    "नमस": "",
    "straße café": "i",
    "🎉": "f",
    "!!!": "",
    "": "",
}


def test_the_words_of_a_text_are_the_same_on_every_index(index: Index) -> None:
    """Whatever scripts and marks it has; a text without words exists, and one with a very long word is indexed."""
    index.declare({"note": field_type("text"), "notes": field_type("text[]")})
    described: list[Metadata] = [{"note": text, "notes": ["first", text, "last"]} for text in TEXTS.values()]
    write(index, [document(uri, unit(0), metadata=metadata) for uri, metadata in zip(TEXTS, described, strict=True)])
    for phrase, expected in PHRASES.items():
        for field in ("note", "notes"):
            equal, other = (Condition(f"metadata.{field}", operator, (phrase,)) for operator in [*Operator][:2])
            assert found(index, equal) == expected, (field, phrase)
            assert found(index, other).split() == [uri for uri in TEXTS if uri not in expected.split()], (field, phrase)
    assert found(index, "note exists") == found(index, "notes exists") == " ".join(TEXTS)
    assert found(index, "notes=first it") == found(index, "note missing") == ""


@pytest.mark.parametrize(
    "filters",
    [
        ["year>=2021", "year<=2020"],
        ["price<1.5", "price>1.5"],
        ["taken>2020", "taken<=2020-06"],
        ["brand>=b", "label=x", "brand<b"],
        ["label>b", "label<a"],
    ],
)
def test_a_range_that_ends_before_it_begins_is_refused(filled: Index, filters: list[str]) -> None:
    with pytest.raises(BadSetting, match=r"No image has both .*[<>].* and "):
        filled.count(filters)


def test_of_a_list_two_values_may_meet_the_two_ends_of_a_range(filled: Index) -> None:
    assert found(filled, "sizes>=6", "sizes<=4") == "a"
    assert found(filled, "year>=2020", "year<=2020") == found(filled, "taken>=2020-02", "taken<2020-03") == "b"


def test_zero_has_no_sign_and_numbers_and_texts_name_the_same_moment(filled: Index) -> None:
    write(filled, [document("f", unit(0), metadata={"price": -0.0, "taken": 1577836800})])
    assert found(filled, "price=0") == found(filled, "price=-0.0") == found(filled, "price>=0", "price<=0") == "f"
    assert filled.facet("price", 9, ["uri=f"]) == {0.0: 1}
    for value in (1577836800, "1577836800", 20200101, "20200101", "2020-01-01T01:00+01:00"):
        assert filled.count({"taken": value}) == 1
    assert filled.count({"taken": 2020}) == filled.count(["taken=2020"]) == 3


def test_the_documents_that_meet_the_filters_are_read_in_batches(filled: Index) -> None:
    batches = list(filled.scan_documents(batch_size=2, filters=["year exists", "brand!=acme"]))
    assert sorted(document.uri for batch in batches for document in batch) == ["b", "c", "d"]
    assert [len(batch) for batch in batches] == [2, 1]
    assert list(filled.scan_documents(filters=["year=5"])) == []
    with pytest.raises(BadSetting, match="nothing"):
        list(filled.scan_documents(filters=["nothing=5"]))


def test_conditions_are_combined_and_a_mapping_takes_python_values(filled: Index) -> None:
    assert found(filled, "year>=2019", "year<2021", "brand!=acme") == "b"
    mappings: dict[str, dict[str, Any]] = {
        "b": {"year": 2020, "sold": False},
        "a b": {"brand": ["acme", "globex"]},
        "a": {"metadata.year": "2019", "label": "L0"},
        "b e": {"taken": [date(2020, 2, 1), datetime(9999, 12, 31)]},
        "c": {"price": 1e300, "uri": ("b", "c")},
    }
    for expected, filters in mappings.items():
        assert " ".join(sorted(match.uri for match in filled.search(unit(0), 50, filters))) == expected
    assert filled.count({}) == filled.count([]) == filled.count() == len(IMAGES)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("yaer=1", ["yaer", "Did you mean year?", "label", "uri"]),
        ("Brand=1", ["Brand", "Did you mean brand?"]),
        ("whatever exists", ["whatever", "brand, caption"]),
        ("year=soon", ["year", "integer", "soon"]),
        ("year=2020.5", ["year", "integer", "2020.5"]),
        ("price=high", ["price", "float", "high"]),
        ("price=inf", ["price", "inf"]),
        ("sold=maybe", ["sold", "boolean", "maybe"]),
        ("sold>=true", ["sold", "boolean", "="]),
        ("taken=soon", ["taken", "date", "2026-11-26"]),
        ("taken=2020-13", ["taken", "date", "2020-13"]),
        ("taken=0000", ["taken", "date"]),
        ("caption>=a", ["caption", "text"]),
        ("caption=" + "é " * 101, ["caption", "100 words"]),
        ("caption=" + "x" * 1001, ["caption", "1000 characters"]),
        ("caption=" + "x" * 256, ["caption", "255 characters"]),
        ("year=n/a", ["year", "missing"]),
    ],
)
def test_what_does_not_fit_is_said_with_the_field_and_what_exists(filled: Index, text: str, words: list[str]) -> None:
    for use in (lambda: filled.search(unit(0), 1, [text]), lambda: filled.count([text])):
        with pytest.raises(BadSetting) as error:
            use()
        sentence = f"{error.value.what} {error.value.advice}"
        assert all(word in sentence for word in words), sentence


def test_as_many_and_as_long_values_as_are_accepted_can_be_searched(filled: Index) -> None:
    days = tuple(f"{1000 + i}" for i in range(330))
    phrases = tuple(" ".join(f"w{i}é{j}" for j in range(100)) for i in range(4))
    for field, values, expected in (
        ("taken", ("2020", *days), "a b"),
        ("visits", ("2020", *days), "d"),
        ("year", (2020, *range(999)), "b"),
        ("tags", ("x", *map(str, range(999))), "b"),
        ("brand", ("acme", *map(str, range(999))), "a"),
        ("caption", ("red", *phrases, *map(str, range(99)), "日本語" * 160), "d"),
    ):
        assert found(filled, Condition(f"metadata.{field}", Operator.ONE_OF, values)) == expected, field
    assert filled.count(["year!=5"] * 330) == len(IMAGES)
    for too_many in (
        ["taken=" + ",".join(days), "taken!=2020,2021,2022,2023"],
        ["year!=5"] * 334,
        ["caption=" + ",".join([*phrases] * 3)],
    ):
        with pytest.raises(BadSetting, match="too many for one search"):
            filled.count(too_many)


def test_an_index_without_metadata_says_so(index: Index) -> None:
    with pytest.raises(BadSetting, match="no metadata field 'year'"):
        index.count(["year=1"])


def test_the_fields_of_an_index_with_many_are_not_all_named(index: Index) -> None:
    index.declare({f"field{i}": field_type("int") for i in range(60)})
    with pytest.raises(BadSetting) as error:
        index.count(["field7x=1"])
    assert "Did you mean field7?" in error.value.advice and "more" in error.value.advice
    assert len(error.value.advice) < 300


def test_a_field_that_another_client_has_declared_meanwhile_is_found(index: Index, filled: Index) -> None:
    assert found(filled, "year=2020") == "b"
    index.declare({"later": field_type("int")})
    write(index, [document("new", unit(7), metadata={"later": 7})])
    assert [match.uri for match in filled.search(unit(0), 9, ["later=7"], fingerprint=COSINE.fingerprint)] == ["new"]


def test_labels_and_facets_count_the_images_that_meet_the_filters(filled: Index) -> None:
    assert filled.labels(9, ["year exists"]) == {"L0": 2, "L1": 2}
    assert filled.labels(9, ["brand=acme"]) == filled.facet("label", 9, {"brand": "acme"}) == {"L0": 1}
    write(
        filled,
        [document("f", unit(9), metadata={"tags": ["x", "x", "z"], "sold": True, "brand": "acme", "year": 2020})],
    )
    assert list(filled.facet("tags", 9).items()) == [("x", 2), ("it's", 1), ("y", 1), ("z", 1)]
    assert filled.facet("tags", 1) == {"x": 2}
    assert filled.facet("metadata.brand", 9, ["sold=true"]) == {"acme": 2}
    assert list(filled.facet("year", 2)) == [2020, -(2**63)]
    assert filled.facet("taken", 9, ["year=2020"]) == {"2020-02-01T00:00:00.000Z": 1}
    (sold,) = filled.facet("sold", 1)
    assert sold is True
    assert filled.facet("price", 9, ["uri=a"]) == {9.5: 1}
    assert filled.facet("sizes", 9, ["uri=none"]) == {}
    for field in ("caption", "nothing"):
        with pytest.raises(BadSetting, match=field):
            filled.facet(field, 9)


def test_metadata_with_the_names_of_our_own_fields_is_kept_apart(index: Index) -> None:
    names = ("id", "_id", "name", "label", "uri", "vector", "image_embedding", "metadata", "model", "_source", "_score")
    sent = {name: f"of {name}" for name in names}
    write(index, [document("/a.jpg", unit(0), name="L0", metadata=sent), document("/b.jpg", unit(1))])
    [labelled] = [match for match in index.search(unit(0), 2) if match.uri == "/a.jpg"]
    assert labelled.metadata == sent and labelled.name == "L0"
    for name in names:
        field = f"metadata.{name}"
        assert [match.uri for match in index.search(unit(0), 9, [f'{field}="of {name}"'])] == ["/a.jpg"]
        assert index.facet(field, 9) == {f"of {name}": 1}
    assert index.facet("label", 9, ["metadata.label=of label"]) == {"L0": 1}
    assert index.count(["label=of label"]) == index.count(["uri=of uri"]) == 0
    with pytest.raises(BadSetting, match=r"uri, _id, _score, _source, id, image_embedding, metadata\.label, metadata"):
        index.facet("colour", 9)


def test_the_least_and_the_greatest_value_of_a_field_are_exact(filled: Index) -> None:
    assert filled.bounds("year") == (-(2**63), 2**63 - 1)
    assert filled.bounds("year", ["price exists", "year>0"]) == (2019, 2020)
    assert filled.bounds("price") == (-1.0, 1e300)
    assert filled.bounds("taken") == ("0001-01-01T00:00:00.000Z", "9999-12-31T00:00:00.000Z")
    assert filled.bounds("sizes") == (1, 9)
    assert filled.bounds("visits", ["uri=none"]) is None
    for field in ("brand", "caption", "sold", "label", "nothing"):
        with pytest.raises(BadSetting, match=field):
            filled.bounds(field)


def test_filters_on_the_texts_of_an_earlier_release_are_equalities(index_url: str, absent: Index) -> None:
    early = [document(str(i), unit(i), metadata={"eyes": eyes, "a.b": "1"}) for i, eyes in enumerate(["green", "blue"])]
    make_earlier(index_url, early)
    assert found(absent, "eyes=green") == found(absent, "eyes!=blue", "a.b=1") == "0"
    for text in ("eyes>=green", "eyes exists"):
        with pytest.raises(BadSetting, match="earlier release") as error:
            absent.count([text])
        assert "reembed" in error.value.advice
    # A new document makes it a typed field; the texts are found further on.
    write(absent, [document("2", unit(2), metadata={"eyes": "green"})])
    assert found(absent, "eyes=green") == "0 2"
    assert found(absent, "eyes!=green") == "1"


#: Everything that is special somewhere: in SQL, in a regular expression, in JSON, in a query string of Lucene.
TEXT = st.text(
    st.sampled_from("ab1 'é\"\\`%_*?()[]{}|&!^~:/;,-+=<>.\n\t\x00日") | st.characters(exclude_categories=["Cs"])
)


def test_no_value_is_anything_but_a_value(filled: Index) -> None:
    """Whatever a filter says, it finds what a comparison of the values finds, and harms nothing."""
    texts = ["' OR 1=1 --", "`; DROP", "it's", "a.b", "*", "\\", "", "x' OR 'x'='x", "\x00", "(?i)", "\\b", "${1}"]
    write(filled, [document(f"t{i}", unit(i), name=text, metadata={"brand": text}) for i, text in enumerate(texts)])
    held = {
        **{uri: metadata.get("brand") for uri, metadata in IMAGES.items()},
        **{f"t{i}": t for i, t in enumerate(texts)},
    }

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(st.sampled_from(texts) | TEXT, min_size=1, max_size=3), st.sampled_from([*Operator][:6]))
    def compare(values: list[str], operator: Operator) -> None:
        used = values if operator in (Operator.ONE_OF, Operator.NONE_OF) else values[:1]
        holds = _HOLDS[operator]
        expected = {uri for uri, brand in held.items() if holds(brand, used)}
        condition = Condition("metadata.brand", operator, tuple(used))
        assert {match.uri for match in filled.search(unit(0), 50, [condition])} == expected
        # On texts it finds some documents or none, and raises nothing.
        filled.count([Condition("metadata.caption", Operator.ONE_OF, tuple(values))])
        filled.count([Condition("uri", operator, tuple(used)), Condition("name", operator, tuple(used))])

    compare()
    assert filled.count() == len(held)


def _compared(compare: Callable[[bytes, bytes], bool]) -> Callable[[Any, list[str]], bool]:
    return lambda held, values: held is not None and compare(held.encode(), values[0].encode())


_HOLDS: dict[Operator, Callable[[Any, list[str]], bool]] = {
    Operator.ONE_OF: lambda held, values: held in values,
    Operator.NONE_OF: lambda held, values: held not in values,
    Operator.AT_LEAST: _compared(bytes.__ge__),
    Operator.AT_MOST: _compared(bytes.__le__),
    Operator.ABOVE: _compared(bytes.__gt__),
    Operator.BELOW: _compared(bytes.__lt__),
}
