"""The query service of LOOKALIKE_API_URL, as commands ask it instead of doing the work themselves."""

from collections.abc import Mapping

from lookalike.client import Client
from lookalike.records import Match
from lookalike.settings import Settings


def open_client(settings: Settings) -> Client:
    """Nothing is asked yet; `api_url` is set. Raises BadSetting."""
    assert settings.api_url is not None
    return Client(
        settings.api_url.get_secret_value(),
        settings.api_key.get_secret_value() if settings.api_key else None,
        ca_certs=str(settings.ca_certs) if settings.ca_certs else None,
        insecure=settings.insecure,
    )


class RemoteSearcher:
    """Answers as the query module does, from afar. What the client raises comes through."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def like_image(self, data: bytes, k: int, filters: Mapping[str, str]) -> list[Match]:
        return list(self._client.search(data, k=k, filters=filters).matches)

    def like_stored(self, id: str, k: int, filters: Mapping[str, str]) -> list[Match]:
        """The stored one itself is left out."""
        return list(self._client.search(id=id, k=k, filters=filters).matches)
