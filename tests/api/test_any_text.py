"""Any text as the uri or the label of an image: the service finds it, filters on it, and gives it back as it is."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from lookalike import factories
from lookalike.index import Index
from lookalike.records import Document, ImageRef, document_id
from lookalike.settings import Settings, read_settings
from lookalike.storage import canonical_uri
from tests.any_text import FIXED, ODD, texts
from tests.api.service import serving

NAME = "any-text"
#: What JSON and both indexes can hold: a label comes from a table or from a folder, and is valid Unicode.
labels = (texts | st.text(max_size=40)).map(lambda text: text.encode("utf-8", "replace").decode() or "none")


@pytest.fixture(scope="module")
def index(lance: Settings, stored: list[ImageRef]) -> Iterator[tuple[Index, Document]]:
    """An index that holds nothing, and a document that it can hold."""
    with closing(factories.open_index(lance)) as filled:
        document = filled.get(stored[0].id)
        assert document is not None
        with closing(factories.open_index(_settings(lance))) as empty:
            empty.ensure(filled.model())
            yield empty, document


@pytest.fixture(scope="module")
def service(lance: Settings, index: tuple[Index, Document]) -> Iterator[httpx2.Client]:
    with serving(_settings(lance)) as client:
        yield client


def _settings(lance: Settings) -> Settings:
    return read_settings(**{**lance.model_dump(), "index": NAME})


def test_any_text_is_stored_filtered_and_given_back(service: httpx2.Client, index: tuple[Index, Document]) -> None:
    opened, document = index

    @settings(FIXED, max_examples=3, phases=[Phase.explicit, Phase.generate])
    @example(ODD)
    @given(st.lists(labels, min_size=12, max_size=12, unique=True))
    def check(names: list[str]) -> None:
        documents = [
            replace(document, id=document_id(uri), uri=uri, name=name, metadata={})
            for name in names
            for uri in [canonical_uri(f"/{name}")]
        ]
        assert opened.write(documents) == []
        for item in documents:
            by_label = service.get("/search", params={"id": item.id, "label": item.name, "k": 100})
            assert by_label.status_code == 200, by_label.text
            assert {match["name"] for match in by_label.json()["matches"]} <= {item.name}
            by_uri = service.get("/search", params={"uri": item.uri, "k": 100})
            assert by_uri.status_code == 200, by_uri.text
            found = {match["id"]: (match["uri"], match["name"]) for match in by_uri.json()["matches"]}
            others = {other.id: (other.uri, other.name) for other in documents if other.id != item.id}
            assert others.items() <= found.items()
            image = service.get(f"/images/{item.id}/thumbnail")
            assert image.status_code == 404 and item.uri not in image.text
        counted = service.get("/labels", params={"limit": 1000}).json()
        assert set(names) <= {row["name"] for row in counted["labels"]}
        opened.delete([item.id for item in documents])

    check()


def test_any_text_in_an_address_is_answered(service: httpx2.Client) -> None:
    @settings(FIXED, max_examples=30)
    @given(texts, texts)
    def check(name: str, value: str) -> None:
        for answer in (
            service.get("/search", params={name: value}),
            service.get("/search", params={"uri": value, f"metadata.{name}": value}),
            service.get(f"/{quote(name, safe='')}", params={name: value}),
        ):
            assert answer.status_code < 500, (name, value, answer.text)
            if answer.headers["content-type"].startswith("application/problem+json"):
                assert answer.json()["status"] == answer.status_code

    check()
