"""What the routes share while the service runs."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request

from api.jobs import Jobs
from api.lanes import Lanes
from api.limits import Room
from api.metrics import Metrics
from api.search import Searcher
from api.stages import Stages
from api.stock import Stock
from api.uploads import Uploads
from lookalike.index import Index


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


# Not waiting for anything, yet `async`: FastAPI would give a plain function a thread for every request.
async def _of(request: Request) -> Parts:
    parts: Parts = request.state.parts
    return parts


Shared = Annotated[Parts, Depends(_of)]
