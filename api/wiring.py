"""A searcher, and all the parts of the service, from settings: what the service and the command line start from."""

from functools import partial

from api.jobs import Jobs
from api.lanes import Lanes
from api.limits import Room
from api.metrics import Metrics
from api.parts import Parts
from api.search import Searcher
from api.stages import Stages
from api.stock import Stock
from api.thumbnails import ThumbnailCache
from api.uploads import Uploads
from lookalike import configured
from lookalike.embedding import Embedder
from lookalike.index import Index
from lookalike.records import ModelIdentity
from lookalike.settings import Settings, usable_cores

#: For one request to the index: whoever waits in front of a page takes a longer one for none.
INDEX_TIMEOUT_S = 5.0
#: Bodies in memory at once, as a multiple of the largest one.
UPLOADS_AT_ONCE = 4
#: Pictures on their way out at once.
MOST_DOWNLOADS = 64


def open_searcher(settings: Settings, index: Index | None = None) -> Searcher:
    """Nothing heavy is loaded before the first picture. Raises BadSetting, ModelUnavailable for a missing file."""
    configured.model_spec(settings)
    return Searcher(
        index or configured.open_index(settings),
        load=partial(_load, settings),
        decode=lambda data, size: configured.decode(settings, data, size=size),
    )


def open_parts(settings: Settings, broker_url: str | None) -> Parts:
    """The parts of a service; nothing is asked of index or broker yet. Raises BadSetting."""
    index = configured.open_index(settings, timeout_s=min(INDEX_TIMEOUT_S, settings.search_timeout_s))
    searcher = open_searcher(settings, index)
    lanes = Lanes(usable_cores())
    jobs = Jobs(broker_url) if broker_url else None
    searches = Room(settings.max_searches)
    thumbnails = ThumbnailCache(settings.thumbnail_cache_bytes)
    return Parts(
        index=index,
        searcher=searcher,
        stages=Stages(searcher, lanes),
        stock=Stock(index, configured.storage(settings), partial(configured.thumbnail, settings), thumbnails),
        lanes=lanes,
        uploads=Uploads(settings.max_upload_bytes, UPLOADS_AT_ONCE * settings.max_upload_bytes),
        searches=searches,
        downloads=Room(MOST_DOWNLOADS),
        metrics=Metrics(index, searches, jobs.ledger if jobs else None, broker_url),
        jobs=jobs,
        broker_is_optional=settings.broker_url is None,
        search_timeout_s=settings.search_timeout_s,
    )


def _load(settings: Settings, held: ModelIdentity) -> Embedder:
    spec = configured.followed_spec(settings, held)
    return configured.embedder(settings, spec, threads=settings.processes)
