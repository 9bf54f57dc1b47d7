"""Reads the bodies of answers: results as dataclasses, problem documents as exceptions."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from lookalike.errors import FilterRejected, ImageRejected, RequestRejected
from lookalike.http_schemas import FILTER_PROBLEM, BatchAnswer, Failure, Problem, Timings
from lookalike.records import Match, Reason
from lookalike.shown import visible

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Body = TypeVar("Body")


@dataclass(frozen=True)
class BatchResult:
    """For each image, in order: its matches, best first, or why it was not searched for."""

    results: tuple[tuple[Match, ...] | ImageRejected | RequestRejected, ...]
    took_ms: Timings


def parse(kind: type[Body], body: bytes) -> Body | None:
    """The JSON body as `kind`, a dataclass; None if it is anything else. Unknown members are ignored."""
    from pydantic import ValidationError

    try:
        answer: Body = _adapter(cast(Any, kind)).validate_json(body)
    except ValidationError:
        return None
    return answer


def batch_result(answer: BatchAnswer) -> BatchResult:
    each = (error_of(item.error) if isinstance(item, Failure) else item.matches for item in answer.answers)
    return BatchResult(tuple(each), answer.took_ms)


def error_of(problem: Problem) -> ImageRejected | RequestRejected:
    """The exception that a problem document stands for."""
    reason = problem.reason
    if problem.type == FILTER_PROBLEM:
        return FilterRejected(printable(problem.detail), problem.status)
    if reason is None or reason not in set(Reason):
        return RequestRejected(printable(problem.detail), problem.status)
    if problem.rejection is not None:
        return ImageRejected(Reason(reason), printable(problem.rejection.detail))
    # Services up to 0.1 have no `rejection`: their sentence ends with the detail.
    detail = printable(problem.detail).removeprefix(f"The image is rejected as {reason}")
    return ImageRejected(Reason(reason), detail.removeprefix(":").strip().removesuffix("."))


def printable(text: str) -> str:
    """The text on one line, without characters that control a terminal."""
    return visible(" ".join(text.split()))


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    # Imported with the first answer: pydantic would take a third of the time that importing the client takes.
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
