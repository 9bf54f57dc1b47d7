"""The objects that all requests share while the service runs, made from the settings."""

import threading
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request

from lookalike import factories
from lookalike.index import Index
from lookalike.machine import usable_cores
from lookalike.settings import Settings
from lookalike_api.admission import Capacity
from lookalike_api.async_search import AsyncSearch
from lookalike_api.comparisons import Comparisons
from lookalike_api.decoder_pool import DecoderPool
from lookalike_api.decoders import Decoders
from lookalike_api.executors import Executors
from lookalike_api.images import StoredImages
from lookalike_api.jobs import JobHistory
from lookalike_api.map_points import MapPoints
from lookalike_api.metrics import Metrics
from lookalike_api.remote_turns import LIMIT_S, RemoteTurns
from lookalike_api.retries import Retries
from lookalike_api.search import Searcher
from lookalike_api.thumbnails import ThumbnailCache
from lookalike_api.uploads import Uploads
from lookalike_api.wiring import open_searcher

#: For one request to the index: a user of the page would not wait longer.
INDEX_TIMEOUT_S = 5.0
#: Memory for bodies, as a multiple of the largest body.
UPLOADS_AT_ONCE = 4
#: The longest time for decoding an image, as a share of that of a search: its sender learns why it failed.
DECODING_SHARE = 0.8
#: The time of fetching an image, as a share of that of showing it: its thread is free when the visitor is told.
REMOTE_SHARE = 0.8
#: Stored images read at once, and the memory of those that are being sent.
MAX_DOWNLOADS = 64
SENDING_BYTES = 2**28


@dataclass(frozen=True)
class ServiceState:
    """One per app. `broker_is_optional`: no broker is configured, so that a missing one is not a failure. `retries` is
    None where clients may start none."""

    index: Index
    searcher: Searcher
    search: AsyncSearch
    decoders: DecoderPool
    images: StoredImages
    map: MapPoints
    remote: RemoteTurns
    executors: Executors
    uploads: Uploads
    searches: Capacity
    downloads: Capacity
    sending: Capacity
    comparisons: Comparisons
    metrics: Metrics
    jobs: JobHistory | None
    retries: Retries | None
    broker_is_optional: bool
    search_timeout_s: float

    def broker(self) -> Literal["ready", "away", "not configured"]:
        if self.jobs is not None and self.jobs.is_available():
            return "ready"
        return "not configured" if self.broker_is_optional else "away"

    def close(self) -> None:
        self.executors.close()
        if self.retries is not None:
            self.retries.close()
        self.comparisons.close()
        self.decoders.close()
        self.images.close()
        if self.jobs is not None:
            self.jobs.close()
        self.index.close()


def open_state(settings: Settings, broker_url: str | None, *, may_retry: bool = False) -> ServiceState:
    """The state of a new service; connects to neither index nor broker yet. Raises BadSetting."""
    index = factories.open_index(settings, timeout_s=min(INDEX_TIMEOUT_S, settings.search_timeout_s))
    searcher = open_searcher(settings, index)
    cores = usable_cores()
    executors = Executors(cores)
    pool = DecoderPool(most_idle=2 * cores)
    slow = threading.Semaphore(cores)

    def decoders(at_once: int) -> Decoders:
        limit_s = DECODING_SHARE * settings.search_timeout_s
        return Decoders(pool, at_once=at_once, slow=slow, max_pixels=settings.max_image_pixels, limit_s=limit_s)

    jobs = JobHistory(broker_url) if broker_url else None
    searches = Capacity(settings.max_searches)
    thumbnails = ThumbnailCache(settings.thumbnail_cache_bytes)
    images = StoredImages(
        index,
        factories.reader(settings),
        decoders(max(2, cores)).thumbnail,
        thumbnails,
        remote_limit_s=REMOTE_SHARE * LIMIT_S,
    )
    return ServiceState(
        index=index,
        searcher=searcher,
        search=AsyncSearch(searcher, executors, decoders(cores)),
        decoders=pool,
        images=images,
        map=MapPoints(index),
        remote=RemoteTurns(executors.remote, LIMIT_S),
        executors=executors,
        uploads=Uploads(settings.max_upload_bytes, UPLOADS_AT_ONCE * settings.max_upload_bytes),
        searches=searches,
        downloads=Capacity(MAX_DOWNLOADS),
        sending=Capacity(max(SENDING_BYTES, settings.max_image_bytes)),
        comparisons=Comparisons(index),
        metrics=Metrics(index, searches, jobs.ledger if jobs else None, broker_url),
        jobs=jobs,
        retries=Retries(settings) if may_retry else None,
        broker_is_optional=settings.broker_url is None,
        search_timeout_s=settings.search_timeout_s,
    )


# `async` although it awaits nothing: FastAPI runs a plain function in a thread, for every request.
async def _of(request: Request) -> ServiceState:
    state: ServiceState = request.state.service
    return state


State = Annotated[ServiceState, Depends(_of)]
