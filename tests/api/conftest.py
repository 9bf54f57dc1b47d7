"""A service on a filled index of each kind, shared by all tests of this folder."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from lookalike.settings import Settings, read_settings
from testing.services.opensearch import left_as_found
from tests.api.service import serving
from tests.browser.stage import LABELS, fill


@pytest.fixture(scope="package", params=["lancedb", "opensearch"])
def settings(
    request: pytest.FixtureRequest, lance: Settings, broker_url: str, drawn: tuple[Path, Path]
) -> Iterator[Settings]:
    """The settings of a filled index of each kind."""
    with ExitStack() as ending:
        chosen = lance
        if request.param == "opensearch":
            url = ending.enter_context(left_as_found(request.getfixturevalue("opensearch_server")))
            chosen = read_settings(**{**lance.model_dump(), "index_url": url, "index": "api"})
            fill(chosen, broker_url, drawn[0])
        yield chosen


@pytest.fixture(scope="package")
def client(settings: Settings) -> Iterator[httpx2.Client]:
    """A client of the service on each index."""
    with serving(settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def goes_on(lance_client: httpx2.Client, drawn: tuple[Path, Path]) -> Iterator[None]:
    """After the tests of a module, whatever they have sent, a search finds what it found before."""

    # Some tests have a parameter with the name of the fixture `query`.
    query = min((drawn[1] / LABELS[0]).iterdir()).read_bytes()

    def found() -> list[str]:
        return [match["id"] for match in lance_client.post("/search", content=query).json()["matches"]]

    before = found()
    yield
    assert found() == before and len(before) == 10


@pytest.fixture(scope="package")
def lance_client(lance: Settings) -> Iterator[httpx2.Client]:
    """A client of the service on LanceDB, for tests that do not depend on the kind of index."""
    with serving(lance) as opened:
        yield opened
