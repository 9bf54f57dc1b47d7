"""What a check found, and how checks are run so that one that fails hides no other; knows no subject."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from lookalike.errors import LookalikeError
from lookalike.records import Diagnostic
from lookalike.settings import Settings


@dataclass(frozen=True)
class Finding:
    """`is_fine` is None where there is nothing to judge; with an advice, a person should look at it all the same."""

    what: str
    is_fine: bool | None
    detail: str
    advice: str = ""


#: Its name is that of the finding where the check itself raises.
Check = Callable[[Settings], Iterator[Finding]]


def examine(settings: Settings, checks: Sequence[Check]) -> list[Finding]:
    """What the checks found; a failure that several of them met is told once."""
    findings: dict[str, Finding] = {}
    for check in checks:
        for finding in _checked(check, settings):
            findings.setdefault(finding.detail, finding)
    return list(findings.values())


def to_look_at(what: str, concerns: Iterable[Diagnostic]) -> Iterator[Finding]:
    for concern in concerns:
        yield Finding(what, None, concern.what, concern.advice)


def is_fine(findings: Iterable[Finding]) -> bool:
    return not any(finding.is_fine is False for finding in findings)


def _checked(check: Check, settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except LookalikeError as error:
        what, _, advice = str(error).partition("\n")
        yield Finding(check.__name__, False, what, advice)
