"""Searches in this process, with the searcher that the query service uses."""

from contextlib import suppress

from lookalike import factories
from lookalike.errors import LookalikeError
from lookalike.filters import Condition
from lookalike.image_index.gallery import THUMBNAIL_SIZE
from lookalike.records import Match
from lookalike.settings import Settings
from lookalike_api.wiring import open_searcher


class LocalSearch:
    """See `Searching`."""

    is_remote = False

    def __init__(self, settings: Settings, *, preload: bool) -> None:
        self._settings = settings
        self._index = factories.open_index(settings)
        self._searcher = open_searcher(settings, self._index, preload=preload)

    def like_image(self, data: bytes, k: int, filters: tuple[Condition, ...]) -> list[Match]:
        return self._searcher.like_image(data, k, filters)

    def like_stored(self, id: str, k: int, filters: tuple[Condition, ...]) -> list[Match]:
        return self._searcher.like_stored(id, k, filters)

    def thumbnail(self, match: Match) -> bytes | None:
        with suppress(LookalikeError):
            return factories.thumbnail(self._settings, factories.reader(self._settings).read(match.uri), THUMBNAIL_SIZE)
        return None

    def close(self) -> None:
        self._index.close()
