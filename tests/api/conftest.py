"""A filled index of each kind with a service over it, for all tests of this folder."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from lookalike.records import ImageRef
from lookalike.settings import Settings, read_settings
from tests.api.service import serving
from tests.browser.stage import LABELS, draw, fill
from tests.running import make_home
from tests.services.opensearch import left_as_found
from tests.services.redis import RedisServer


@pytest.fixture(scope="package")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of stored pictures and of queries, a folder a label; one stored file is no picture."""
    pictures, queries = draw(tmp_path_factory.mktemp("drawn"))
    (pictures / LABELS[0] / "text.jpg").write_text("no picture")
    return pictures, queries


@pytest.fixture(scope="package")
def stored(drawn: tuple[Path, Path]) -> list[ImageRef]:
    """What the index holds."""
    pictures = sorted(path for path in drawn[0].rglob("*") if path.is_file() and path.name != "text.jpg")
    return [ImageRef(str(path), path.parent.name) for path in pictures]


@pytest.fixture(scope="package")
def query(drawn: tuple[Path, Path]) -> bytes:
    """An encoded picture that is not stored."""
    return next((drawn[1] / LABELS[0]).iterdir()).read_bytes()


@pytest.fixture(scope="package")
def broker_url() -> Iterator[str]:
    with RedisServer() as server:
        yield server.url


@pytest.fixture(scope="package")
def lance(
    tmp_path_factory: pytest.TempPathFactory, model_home: Path, broker_url: str, drawn: tuple[Path, Path]
) -> Settings:
    """Of a filled LanceDB."""
    home = make_home(tmp_path_factory.mktemp("api"), model_home)
    settings = read_settings(home=home, broker_url=broker_url, roots=(drawn[0],))
    fill(settings, broker_url, drawn[0])
    return settings


@pytest.fixture(scope="package", params=["lancedb", "opensearch"])
def settings(
    request: pytest.FixtureRequest, lance: Settings, broker_url: str, drawn: tuple[Path, Path]
) -> Iterator[Settings]:
    """Of a filled index of each kind."""
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


@pytest.fixture(scope="package")
def lance_client(lance: Settings) -> Iterator[httpx2.Client]:
    """A client of the service on LanceDB, for what no index has a part in."""
    with serving(lance) as opened:
        yield opened
