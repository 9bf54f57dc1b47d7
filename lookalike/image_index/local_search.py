"""Searches in this process, with the searcher that the query service uses."""

import time
from collections.abc import Sequence
from contextlib import suppress

from lookalike import factories
from lookalike.errors import LookalikeError
from lookalike.http_schemas import SearchResult, Timings
from lookalike.image_index.gallery import THUMBNAIL_SIZE
from lookalike.queries.examples import Example, Stored, Upload, ids_of
from lookalike.queries.options import Options
from lookalike.records import ImageRef, Match
from lookalike.settings import Settings
from lookalike.stage_clock import StageClock
from lookalike_api.search import query_of
from lookalike_api.wiring import open_searcher

#: For the picture of one match that lies on another host.
LIMIT_S = 5.0


class LocalSearch:
    """See `Searching`."""

    is_remote = False

    def __init__(self, settings: Settings, *, preload: bool) -> None:
        self._settings = settings
        self._reader = factories.reader(settings)
        # It opens the index, because the model loads meanwhile.
        self._searcher = open_searcher(settings, preload=preload)
        self._index = self._searcher.index

    def like(self, examples: Sequence[Example], options: Options) -> SearchResult:
        began, clock = time.perf_counter(), StageClock()
        query = query_of(options).without(ids_of(examples))
        page, model = self._searcher.like([self._with_region(example) for example in examples], query, clock)
        decode, embed, search = (clock.wall_s[stage] * 1000 for stage in ("decode", "embed", "search"))
        took_ms = Timings(decode, embed, search, (time.perf_counter() - began) * 1000)
        return SearchResult(tuple(page.matches), took_ms, model.name, page.candidates)

    def thumbnail(self, match: Match) -> bytes | None:
        with suppress(LookalikeError):
            data = self._reader.fetch(ImageRef(match.uri), LIMIT_S).data
            return factories.thumbnail(self._settings, data, THUMBNAIL_SIZE)
        return None

    def _with_region(self, example: Example) -> Example:
        """A region of a stored image as a region of its file."""
        if not isinstance(example, Stored) or example.region is None:
            return example
        document = self._searcher.document(example.id)
        data = self._reader.fetch(ImageRef(document.uri), LIMIT_S).data
        return Upload(data, example.weight, example.region)

    def close(self) -> None:
        self._reader.close()
        self._index.close()
