"""Checks of the home folder and of the folders with images."""

from collections.abc import Iterator

from lookalike import factories
from lookalike.disk import free_bytes
from lookalike.preflight import check_home, check_roots
from lookalike.settings import Settings
from lookalike_cli.doctor.finding import Finding, warnings


def home(settings: Settings) -> Iterator[Finding]:
    diagnostics = check_home(settings)
    try:
        free = f"{free_bytes(settings.home) / 2**30:.1f} GiB free"
    except OSError:
        free = "not readable, but not needed"
    yield Finding("home", True, f"{settings.home}, {free}")
    yield from warnings("disk", diagnostics)


def roots(settings: Settings) -> Iterator[Finding]:
    check_roots(settings)
    allowed = factories.with_roots(settings).roots
    # Workers of a broker read theirs where they run.
    whose = "" if settings.broker_url is None else " (of this machine; each worker has its own)"
    yield Finding("roots", True, "images allowed under " + ", ".join(allowed) + whose)
