"""What the query service answers, as records; what a newer one tells besides is passed over."""

from collections.abc import Mapping
from dataclasses import dataclass

from lookalike.errors import ImageRejected, RequestRefused
from lookalike.records import Match, Rejected


@dataclass(frozen=True)
class Took:
    """Milliseconds the service spent; waiting for a turn is in the total alone."""

    decode: float
    embed: float
    search: float
    total: float


@dataclass(frozen=True)
class Found:
    """Stored images, most alike first."""

    matches: tuple[Match, ...]
    took_ms: Took


@dataclass(frozen=True)
class FoundEach:
    """In the order of the images, what each found or why it is rejected."""

    answers: tuple[tuple[Match, ...] | ImageRejected | RequestRefused, ...]
    took_ms: Took


@dataclass(frozen=True)
class Label:
    """A label, and how many stored images bear it."""

    name: str
    documents: int


@dataclass(frozen=True)
class Info:
    """Which index and which model answer."""

    index: str
    model: str
    documents: int
    version: str


@dataclass(frozen=True)
class ReadyIndex:
    """The index of a service that is ready."""

    name: str
    documents: int


@dataclass(frozen=True)
class Ready:
    """A service that can search. `broker` is "ready", "away" or "not configured": searches do without it."""

    index: ReadyIndex
    model: str
    broker: str


@dataclass(frozen=True)
class Job:
    """One ingest; times in seconds since 1970, UTC. `outstanding` counts chunks, `reasons` rejected images."""

    id: str
    state: str
    source: str
    index: str
    model: str
    found: int
    indexed: int
    unchanged: int
    rejected: int
    outstanding: int
    resent: int
    reasons: Mapping[str, int]
    began: float
    ended: float | None
    seconds: float
    error: str


@dataclass(frozen=True)
class FailedPage:
    """Some of a job's rejected images, and how many there are in all."""

    failed: tuple[Rejected, ...]
    total: int
