"""What a job shall do. Imports no Celery: a command asks for a job while the embedded stack starts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lookalike.embedded import Stack
from lookalike.embedding import ModelSpec
from lookalike.errors import BadSetting
from lookalike.metadata import Fields
from lookalike.records import ImageRef
from lookalike.settings import Settings


@dataclass(frozen=True)
class JobRequest:
    """The work of a job. `source` describes it for people; `count` gives the number of references, None if unknown.
    With `tries_again`, images are tried that an earlier job rejected, even if nothing has changed since. `notes` are
    sentences for the user; those that are added while the references are found are shown at the end. The index has the
    metadata `fields` before the first message is sent. `named` are web addresses that the command named."""

    settings: Settings
    spec: ModelSpec
    source: str
    references: Callable[[], Iterable[ImageRef]]
    count: Callable[[], int | None]
    tries_again: bool = False
    notes: list[str] = field(default_factory=list)
    fields: Fields = field(default_factory=dict)
    named: tuple[str, ...] = ()


def check_detachable(stack: Stack) -> None:
    """Raises BadSetting for a stack that ends with this process: a job that nobody waits for would end with it."""
    if stack.is_owner:
        advice = "Start `lookalike up` first, or set LOOKALIKE_BROKER_URL."
        raise BadSetting("A detached job needs a broker that keeps running after this process.", advice)
