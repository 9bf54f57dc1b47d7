"""The JSON answers of the query service: what the service writes and what its client reads.

Plain dataclasses, so that a client need not import pydantic before it reads its first answer. A string below a field
is its description in the OpenAPI document.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from lookalike.records import Facets, Listed, Match, Rejected


class _Documented:
    __pydantic_config__: ClassVar[Any] = {"use_attribute_docstrings": True}


@dataclass(frozen=True)
class Rejection(_Documented):
    """Why an image was rejected."""

    reason: str
    """One word, from a fixed list."""
    detail: str
    """What exactly is wrong; may be empty."""


#: How the types of all problems begin; docs/reference/http.md lists them.
PROBLEM_PREFIX = "urn:lookalike:"
#: The type of a problem with a filter, which clients tell from others.
FILTER_PROBLEM = PROBLEM_PREFIX + "filter"


@dataclass(frozen=True)
class Problem(_Documented):
    """Why a request failed (RFC 9457)."""

    status: int
    """The status of the answer."""
    detail: str
    """One sentence for people."""
    type: str = "about:blank"
    """`urn:lookalike:` and a name that never changes; /docs/problems explains each."""
    title: str = ""
    """The type in a few words."""
    parameter: str | None = None
    """The parameter, or the member of the body, that is to blame."""
    reason: str | None = None
    """The reason of a rejected image; the same as `rejection.reason`."""
    rejection: Rejection | None = None
    """Only for a rejected image."""


@dataclass(frozen=True)
class Timings(_Documented):
    """Milliseconds that the service spent. The stages exclude the time in queues; `total` includes it."""

    decode: float
    """Reading and decoding the images of the query."""
    embed: float
    """Computing their vectors."""
    search: float
    """The search in the index."""
    total: float
    """All of it, with waiting."""


@dataclass(frozen=True)
class SearchResult(_Documented):
    """Stored images, best match first, or in the order that was asked for."""

    matches: tuple[Match, ...]
    """The matches."""
    took_ms: Timings
    """How long the search took."""
    model: str = ""
    """The model of the vectors that were compared."""
    candidates: int = 0
    """How many of the nearest images were looked at."""
    cursor: str | None = None
    """What continues after these matches; null if there are no further ones."""
    facets: Facets | None = None
    """Of all images that meet the filters, near or not; null if no fields are asked for."""


@dataclass(frozen=True)
class Matches(_Documented):
    """The matches of one image of several, best first."""

    matches: tuple[Match, ...]
    """The matches."""


@dataclass(frozen=True)
class Failure(_Documented):
    """Why one image of several was not searched for."""

    error: Problem
    """What was wrong with the image."""


@dataclass(frozen=True)
class BatchAnswer(_Documented):
    """One answer for each image, in the order of the images."""

    answers: tuple[Matches | Failure, ...]
    """The matches of each image, or why it has none."""
    took_ms: Timings
    """How long all searches took."""


ComparisonState = Literal["none", "waiting", "reading", "comparing", "finished", "failed"]


@dataclass(frozen=True)
class Duplicate(_Documented):
    """One image of a group of duplicates."""

    id: str
    """Id of the image: 40 hexadecimal digits."""
    uri: str
    """Where the image is: a path, a web address or an address of a store."""
    name: str | None
    """The label; null without one."""
    score: float
    """With the centre of the group."""
    width: int
    """In pixels."""
    height: int
    """In pixels."""
    size_bytes: int | None
    """Of the file; null where it is not known."""
    modified_at: str | None
    """When the file was changed last (UTC, ISO 8601); null where it is not known."""
    ingested_at: str
    """When the image was indexed (UTC, ISO 8601)."""
    taken_at_ms: int | None
    """When the photograph was taken, in milliseconds since 1970; null where it is not known."""


@dataclass(frozen=True)
class DuplicateGroup(_Documented):
    """Images that are all identical to, or near, one of them, which is the centre."""

    key: str
    """The same for the same images, whenever they are compared."""
    kind: Literal["identical", "near"]
    """`identical`: all files have the same bytes; `near`: they look alike."""
    score: float
    """The lowest score of an image with the centre."""
    centre: str
    """The id of the centre."""
    keep: str
    """The id of the image that we propose to keep."""
    why: Literal["pixels", "bytes", "oldest", "path"]
    """Why this one: it has the most pixels, the largest file, the oldest file, or the shortest path."""
    size: int
    """How many images the group has; `images` has those nearest to the centre."""
    images: tuple[Duplicate, ...]
    """The images, those nearest to the centre first."""


@dataclass(frozen=True)
class Duplicates(_Documented):
    """The state of a comparison and, when it has finished, some of its groups: identical images first, then large
    groups."""

    state: ComparisonState
    """`none`: nobody has asked for a comparison, or the index has another version since."""
    threshold: float | None
    """The lowest score of near images; null if only identical images are found."""
    images: int
    """How many images are compared."""
    read: int
    """How many of them have been read."""
    compared: int
    """How many of them have been compared."""
    ended: float | None
    """Seconds since 1970, UTC; null before."""
    error: str
    """Why the comparison failed."""
    groups: tuple[DuplicateGroup, ...]
    """The groups."""
    total: int
    """The number of all groups."""
    next: int | None
    """The offset of the next groups; null after the last ones."""


@dataclass(frozen=True)
class ImageList(_Documented):
    """One page of the stored images, in the order that was asked for."""

    images: tuple[Listed, ...]
    """The images of this page."""
    next: str | None
    """The cursor of the next page; null after the last one."""
    total: int
    """How many images meet the filters, on all pages together."""


@dataclass(frozen=True)
class Label(_Documented):
    """A label, and how many stored images have it."""

    name: str
    """The label."""
    documents: int
    """How many images have it."""


@dataclass(frozen=True)
class Labels(_Documented):
    """Most frequent first."""

    labels: tuple[Label, ...]
    """The labels."""


@dataclass(frozen=True)
class Field(_Documented):
    """A metadata field."""

    name: str
    """The name of the field."""
    type: str
    """keyword, text, integer, float, date or boolean; with [] for a list."""


@dataclass(frozen=True)
class FieldList(_Documented):
    """Sorted by name."""

    fields: tuple[Field, ...]
    """The metadata fields."""
    taken: int = 0
    """How many images say when they were taken: the filter `taken`. 0 if there is a metadata field of this name."""


@dataclass(frozen=True)
class SelectedImage(_Documented):
    """Where an image is, and its label."""

    id: str
    """Id of the image: 40 hexadecimal digits."""
    uri: str
    """Where the image is: a path, a web address or an address of a store."""
    name: str | None
    """The label; null without one."""


@dataclass(frozen=True)
class Selection(_Documented):
    """In the order of the ids that were asked for; images that are not in the index are left out."""

    images: tuple[SelectedImage, ...]
    """The images."""


@dataclass(frozen=True)
class Info(_Documented):
    """The index and the model of a service, and the service's version."""

    index: str
    """The name of the index."""
    model: str
    """The model that embeds queries."""
    documents: int
    """How many images the index has."""
    version: str
    """The version of lookalike."""
    may_retry: bool = False
    """Whether this client may retry rejected images."""
    text: bool = False
    """Whether the model has a text side, so that examples of a search may be texts."""


@dataclass(frozen=True)
class Job(_Documented):
    """One ingest job: after it finished, found = indexed + unchanged + rejected. Or one map: then found = placed."""

    id: str
    """Id of the job."""
    kind: str
    """ingest or map."""
    state: str
    """enumerating, draining, cancelling, finishing, finished, failed, interrupted or cancelled; of a map, mapping until
    it ends."""
    source: str
    """What the job reads."""
    index: str
    """The index that it writes to."""
    model: str
    """The model that embeds its images."""
    found: int
    """Images."""
    indexed: int
    """Images that were written to the index."""
    unchanged: int
    """Images that were in the index already, with the same bytes."""
    rejected: int
    """Images that were not indexed, each with a reason."""
    placed: int
    """Images that have a place on the map."""
    outstanding: int
    """Chunks that are queued or being processed."""
    resent: int
    """Messages that were lost and sent again."""
    reasons: Mapping[str, int]
    """The number of rejected images for each reason."""
    began: float
    """Seconds since 1970, UTC."""
    ended: float | None
    """Seconds since 1970, UTC; null while the job runs."""
    seconds: float
    """From its start to its end, or to now."""
    error: str
    """Why the job failed; empty otherwise."""


@dataclass(frozen=True)
class Jobs(_Documented):
    """Newest first."""

    jobs: tuple[Job, ...]
    """The jobs."""


@dataclass(frozen=True)
class RejectedPage(_Documented):
    """Some of a job's rejected images."""

    failed: tuple[Rejected, ...]
    """The rejected images of this page."""
    total: int
    """The number of all rejected images of the job."""


@dataclass(frozen=True)
class Retry(_Documented):
    """The rejected images of a job are tried again in a new job, which GET /jobs soon lists."""

    job: str
    """The job that had rejected them."""


@dataclass(frozen=True)
class Live(_Documented):
    """The process runs."""

    status: Literal["live"] = "live"
    """Always `live`."""


@dataclass(frozen=True)
class ReadyIndex(_Documented):
    """The index of a service that is ready."""

    name: str
    """The name of the index."""
    documents: int
    """How many images it has."""


@dataclass(frozen=True)
class Ready(_Documented):
    """The service can search."""

    index: ReadyIndex
    """The index that is searched."""
    model: str
    """The model that is loaded."""
    broker: str
    """ready, away or not configured; searches need no broker."""
    status: Literal["ready"] = "ready"
    """Always `ready`."""
