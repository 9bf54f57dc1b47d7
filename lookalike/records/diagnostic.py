"""A problem that does not stop the work."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnostic:
    """A problem that does not stop the work: `what` is a sentence, `advice` says what to do."""

    what: str
    advice: str
