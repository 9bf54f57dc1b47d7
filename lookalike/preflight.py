"""The checks of each program before it starts: errors that would stop its work are raised, the rest is logged."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from lookalike import disk, factories
from lookalike.broker import broker_location
from lookalike.broker_health import check_broker, read_health
from lookalike.errors import BadSetting, Unavailable
from lookalike.records import Diagnostic
from lookalike.settings import Settings

logger = logging.getLogger(__name__)

#: Per request. A service that is away now is waited for later, so there is no need to wait here.
TIMEOUT_S = 5.0


def before_writing(settings: Settings, broker_url: str) -> None:
    """For a producer: broker and index must answer. Raises Unavailable, PermanentError."""
    _warn(broker_diagnostics(broker_url))
    _warn(factories.check_writable(settings))


def before_working(settings: Settings, broker_url: str) -> None:
    """For a worker, which waits for services that are away. Raises PermanentError."""
    check_roots(settings)
    _warn(check_home(settings))
    _close_home(settings)
    _unless_away(lambda: _warn(broker_diagnostics(broker_url)))
    _unless_away(lambda: factories.check_location(settings, timeout_s=TIMEOUT_S))


def before_serving(settings: Settings) -> None:
    """For the query service, which also runs while services are away. Raises PermanentError."""
    _warn(check_home(settings))
    _close_home(settings)
    _unless_away(lambda: factories.check_location(settings, timeout_s=TIMEOUT_S))
    if (url := broker_location(settings)) is not None:
        _unless_away(lambda: _warn(broker_diagnostics(url)))


def broker_diagnostics(broker_url: str) -> list[Diagnostic]:
    """Raises BrokerUnavailable, AccessDenied, UnsupportedService, DiskFull."""
    return check_broker(read_health(broker_url))


def check_home(settings: Settings) -> list[Diagnostic]:
    """Whether LOOKALIKE_HOME is writable, if anything is to be written there. Raises AccessDenied, DiskFull."""
    # A container whose image contains the model, with broker and index elsewhere, may be read-only.
    has_all = settings.broker_url and settings.index_url and (settings.home / "models").is_dir()
    return [] if has_all else disk.check_folder(settings.home, "Set LOOKALIKE_HOME to a folder that you own.")


def _close_home(settings: Settings) -> None:
    # In a container the home may be read-only, and it may be another user's: then there is nothing of ours in it.
    if settings.home.is_dir():
        with suppress(OSError):
            disk.make_home_private(settings.home)


def check_roots(settings: Settings) -> None:
    """Raises BadSetting if a folder is missing: every image in it would be rejected as not found."""
    for root in settings.folders:
        if not root.is_dir():
            advice = "Mount it, or correct LOOKALIKE_ROOTS."
            raise BadSetting(f"{root} of LOOKALIKE_ROOTS is not a folder on this machine.", advice)


def _unless_away(check: Callable[[], None]) -> None:
    with suppress(Unavailable):
        check()


def _warn(diagnostics: Sequence[Diagnostic]) -> None:
    for diagnostic in diagnostics:
        logger.warning("%s %s", diagnostic.what, diagnostic.advice)
