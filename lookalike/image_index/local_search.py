"""Searches in this process, with the searcher that the query service uses."""

from contextlib import suppress

from lookalike import factories
from lookalike.errors import LookalikeError
from lookalike.filters import Condition
from lookalike.image_index.gallery import THUMBNAIL_SIZE
from lookalike.records import ImageRef, Match
from lookalike.settings import Settings
from lookalike_api.wiring import open_searcher

#: For the picture of one match that lies on another host.
LIMIT_S = 5.0


class LocalSearch:
    """See `Searching`."""

    is_remote = False

    def __init__(self, settings: Settings, *, preload: bool) -> None:
        self._settings = settings
        self._reader = factories.reader(settings)
        self._index = factories.open_index(settings)
        self._searcher = open_searcher(settings, self._index, preload=preload)

    def like_image(self, data: bytes, k: int, filters: tuple[Condition, ...], *, exact: bool) -> list[Match]:
        return self._searcher.like_image(data, k, filters, exact=exact)

    def like_stored(self, id: str, k: int, filters: tuple[Condition, ...], *, exact: bool) -> list[Match]:
        return self._searcher.like_stored(id, k, filters, exact=exact)

    def thumbnail(self, match: Match) -> bytes | None:
        with suppress(LookalikeError):
            data = self._reader.fetch(ImageRef(match.uri), LIMIT_S).data
            return factories.thumbnail(self._settings, data, THUMBNAIL_SIZE)
        return None

    def close(self) -> None:
        self._reader.close()
        self._index.close()
