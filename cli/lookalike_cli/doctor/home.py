"""Where local state lies, and the folders that pictures may lie under; asks no service."""

from collections.abc import Iterator

from lookalike.disk import free_bytes
from lookalike.preflight import check_home, check_roots
from lookalike.settings import Settings
from lookalike_cli.doctor.finding import Finding, to_look_at


def home(settings: Settings) -> Iterator[Finding]:
    concerns = check_home(settings)
    try:
        free = f"{free_bytes(settings.home) / 2**30:.1f} GiB free"
    except OSError:
        free = "not readable, and not needed"
    yield Finding("home", True, f"{settings.home}, {free}")
    yield from to_look_at("disk", concerns)


def roots(settings: Settings) -> Iterator[Finding]:
    check_roots(settings)
    yield Finding("roots", True, "pictures may lie under " + ", ".join(map(str, settings.roots)))
