"""The JSON schemas of the answers, as OpenAPI documents them."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from lookalike.records import Match as StoredMatch


class Problem(BaseModel):
    """Why a request is not answered (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="One sentence for a person.")
    reason: str | None = Field(None, description="Of an image that is rejected: why, as one word.")


class Match(BaseModel):
    """One stored image."""

    id: str
    uri: str
    name: str | None = Field(description="Its label.")
    score: float = Field(ge=-1, le=1, description="Cosine similarity; 1 / (1 + squared distance) for an L2 model.")
    metadata: dict[str, str]

    @classmethod
    def of(cls, match: StoredMatch) -> "Match":
        # Rounding in the index may leave the range by a hair.
        score = max(-1.0, min(1.0, match.score))
        return cls(id=match.id, uri=match.uri, name=match.name, score=score, metadata=dict(match.metadata))


class Took(BaseModel):
    """Milliseconds; waiting for a turn is in the total alone."""

    decode: float
    embed: float
    search: float
    total: float


class Found(BaseModel):
    """Stored images, most alike first."""

    matches: list[Match]
    took_ms: Took


class Matches(BaseModel):
    """What one image of several found."""

    matches: list[Match]


class Failed(BaseModel):
    """Why one image of several could not be searched for."""

    error: Problem


class FoundEach(BaseModel):
    """In the order of the images."""

    answers: list[Matches | Failed]
    took_ms: Took


class Label(BaseModel):
    name: str
    documents: int


class Labels(BaseModel):
    """Most frequent first."""

    labels: list[Label]


class Info(BaseModel):
    index: str
    model: str
    documents: int
    version: str


class Job(BaseModel):
    """One ingest. Found = indexed + unchanged + rejected once it is finished."""

    id: str
    state: Literal["enumerating", "draining", "finishing", "finished", "failed", "interrupted"]
    source: str
    index: str
    model: str
    found: int = Field(description="Pictures.")
    indexed: int
    unchanged: int
    rejected: int
    outstanding: int = Field(description="Chunks that are queued or in work.")
    resent: int = Field(description="Messages that were lost and sent again.")
    reasons: dict[str, int] = Field(description="Rejected images by reason.")
    began: float = Field(description="Seconds since 1970, UTC.")
    ended: float | None = Field(description="Seconds since 1970, UTC; null while it runs.")
    seconds: float = Field(description="From its beginning to its end, or to now.")
    error: str


class Jobs(BaseModel):
    """Newest first."""

    jobs: list[Job]


class FailedImage(BaseModel):
    uri: str
    reason: str
    detail: str


class FailedImages(BaseModel):
    failed: list[FailedImage]
    total: int


class Live(BaseModel):
    status: Literal["live"] = "live"


class ReadyIndex(BaseModel):
    name: str
    documents: int


class Ready(BaseModel):
    status: Literal["ready"] = "ready"
    index: ReadyIndex
    model: str
    broker: Literal["ready", "away", "not configured"]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer so, and with those that every route may give."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": WHEN[status], "content": content} for status in sorted({401, *statuses})}


WHEN = {
    400: "A parameter or the body's form cannot be used.",
    401: "The API key is missing or wrong.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is of another kind than this takes.",
    422: "The content is no image that can be searched for.",
    503: "The service is busy, or something it needs is away; Retry-After says when to come back.",
}
