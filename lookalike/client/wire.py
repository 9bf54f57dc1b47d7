"""How a body is read, and the bodies that nobody is handed as they are; knows no connection."""

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from lookalike.client.answers import FoundEach, Job, Label, Took
from lookalike.errors import ImageRejected, RequestRefused
from lookalike.records import Match, Reason

Body = TypeVar("Body")


@dataclass(frozen=True)
class Problem:
    """Why a request is not answered (RFC 9457); `reason` is that of a rejected image."""

    status: int
    detail: str
    reason: str | None = None

    @property
    def sentence(self) -> str:
        """The detail on one line, without characters that could rewrite a terminal."""
        line = " ".join(self.detail.split())
        return "".join(character if character.isprintable() else "\ufffd" for character in line)

    @property
    def error(self) -> ImageRejected | RequestRefused:
        if self.reason is None or self.reason not in set(Reason):
            return RequestRefused(self.sentence, self.status)
        # The sentence names the reason as well.
        detail = self.sentence.removeprefix(f"The image is rejected as {self.reason}")
        return ImageRejected(Reason(self.reason), detail.removeprefix(":").strip().removesuffix("."))


@dataclass(frozen=True)
class Matches:
    matches: tuple[Match, ...]


@dataclass(frozen=True)
class Failed:
    error: Problem


@dataclass(frozen=True)
class Batch:
    answers: tuple[Matches | Failed, ...]
    took_ms: Took

    def found(self) -> FoundEach:
        each = (item.error.error if isinstance(item, Failed) else item.matches for item in self.answers)
        return FoundEach(tuple(each), self.took_ms)


@dataclass(frozen=True)
class Labels:
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Jobs:
    jobs: tuple[Job, ...]


def parse(kind: type[Body], body: bytes) -> Body | None:
    """The body as what it should be, or None if it is something else."""
    try:
        answer: Body = _adapter(cast(Any, kind)).validate_json(body)
    except ValidationError:
        return None
    return answer


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
