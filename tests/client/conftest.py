"""A query service with an API key, and a client of it."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from lookalike.client import Client
from lookalike.settings import Settings
from tests.api.service import serving

KEY = "a key, häßlich"


@pytest.fixture(scope="package")
def url(lance: Settings) -> Iterator[str]:
    """The URL of a service with an API key and small upload limit."""
    changes = {"api_key": SecretStr(KEY), "max_upload_bytes": 2**20}
    with serving(lance.model_copy(update=changes)) as http:
        yield str(http.base_url)


@pytest.fixture(scope="package")
def client(url: str) -> Iterator[Client]:
    with Client(url, KEY) as opened:
        yield opened
