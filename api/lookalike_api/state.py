"""What the routes share while the service runs, made from settings."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from fastapi import Depends, Request

from lookalike import factories
from lookalike.index import Index
from lookalike.machine import usable_cores
from lookalike.settings import Settings
from lookalike_api.admission import Room
from lookalike_api.async_search import Stages
from lookalike_api.executors import Lanes
from lookalike_api.images import Stock
from lookalike_api.jobs import Jobs
from lookalike_api.metrics import Metrics
from lookalike_api.search import Searcher
from lookalike_api.thumbnails import ThumbnailCache
from lookalike_api.uploads import Uploads
from lookalike_api.wiring import open_searcher

#: For one request to the index: whoever waits in front of a page takes a longer one for none.
INDEX_TIMEOUT_S = 5.0
#: Bodies in memory at once, as a multiple of the largest one.
UPLOADS_AT_ONCE = 4
#: Images on their way out at once.
MOST_DOWNLOADS = 64


@dataclass(frozen=True)
class Parts:
    """One set per app. `broker_is_optional`: nobody asked for one, so that its absence is no fault."""

    index: Index
    searcher: Searcher
    stages: Stages
    stock: Stock
    lanes: Lanes
    uploads: Uploads
    searches: Room
    downloads: Room
    metrics: Metrics
    jobs: Jobs | None
    broker_is_optional: bool
    search_timeout_s: float

    def broker(self) -> Literal["ready", "away", "not configured"]:
        if self.jobs is not None and self.jobs.is_answering():
            return "ready"
        return "not configured" if self.broker_is_optional else "away"

    def close(self) -> None:
        self.lanes.close()
        if self.jobs is not None:
            self.jobs.close()
        self.index.close()


def open_parts(settings: Settings, broker_url: str | None) -> Parts:
    """The parts of a service; nothing is asked of index or broker yet. Raises BadSetting."""
    index = factories.open_index(settings, timeout_s=min(INDEX_TIMEOUT_S, settings.search_timeout_s))
    searcher = open_searcher(settings, index)
    lanes = Lanes(usable_cores())
    jobs = Jobs(broker_url) if broker_url else None
    searches = Room(settings.max_searches)
    thumbnails = ThumbnailCache(settings.thumbnail_cache_bytes)
    return Parts(
        index=index,
        searcher=searcher,
        stages=Stages(searcher, lanes),
        stock=Stock(index, factories.storage(settings), partial(factories.thumbnail, settings), thumbnails),
        lanes=lanes,
        uploads=Uploads(settings.max_upload_bytes, UPLOADS_AT_ONCE * settings.max_upload_bytes),
        searches=searches,
        downloads=Room(MOST_DOWNLOADS),
        metrics=Metrics(index, searches, jobs.ledger if jobs else None, broker_url),
        jobs=jobs,
        broker_is_optional=settings.broker_url is None,
        search_timeout_s=settings.search_timeout_s,
    )


# Not waiting for anything, yet `async`: FastAPI would give a plain function a thread for every request.
async def _of(request: Request) -> Parts:
    parts: Parts = request.state.parts
    return parts


Shared = Annotated[Parts, Depends(_of)]
