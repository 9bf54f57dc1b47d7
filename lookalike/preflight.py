"""What each program looks at before its work begins: it raises what would stop the work, and warns of the rest."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from lookalike import disk, factories
from lookalike.broker import broker_location
from lookalike.broker_health import check_broker, read_condition
from lookalike.errors import BadSetting, Unavailable
from lookalike.records import Diagnostic
from lookalike.settings import Settings

logger = logging.getLogger(__name__)

#: For one request: programs start while services do, and whatever is away now is waited for later.
TIMEOUT_S = 5.0


def before_writing(settings: Settings, broker_url: str) -> None:
    """For whoever sends a job: broker and index must be there. Raises what stops the job."""
    _warn(look_at_broker(broker_url))
    _warn(factories.check_writable(settings))


def before_working(settings: Settings, broker_url: str) -> None:
    """For a worker, which waits for what is away. Raises PermanentError."""
    check_roots(settings)
    _warn(check_home(settings))
    _unless_away(lambda: _warn(look_at_broker(broker_url)))
    _unless_away(lambda: factories.check_place(settings, timeout_s=TIMEOUT_S))


def before_serving(settings: Settings) -> None:
    """For the query service, which answers what it can while something is away. Raises PermanentError."""
    _warn(check_home(settings))
    _unless_away(lambda: factories.check_place(settings, timeout_s=TIMEOUT_S))
    if (url := broker_location(settings)) is not None:
        _unless_away(lambda: _warn(look_at_broker(url)))


def look_at_broker(broker_url: str) -> list[Diagnostic]:
    """Raises BrokerUnavailable, AccessDenied, UnsupportedService, DiskFull."""
    return check_broker(read_condition(broker_url))


def check_home(settings: Settings) -> list[Diagnostic]:
    """Whether what lies under LOOKALIKE_HOME can be written, if anything has to be. Raises AccessDenied, DiskFull."""
    # A container that has its model baked in, and broker and index elsewhere, may have no place to write.
    has_all = settings.broker_url and settings.index_url and (settings.home / "models").is_dir()
    return [] if has_all else disk.check_folder(settings.home, "Set LOOKALIKE_HOME to a folder of yours.")


def check_roots(settings: Settings) -> None:
    """Raises BadSetting: with a folder away, every image in it would be rejected as missing."""
    for root in settings.roots:
        if not root.is_dir():
            advice = "Mount it, or correct LOOKALIKE_ROOTS."
            raise BadSetting(f"{root} of LOOKALIKE_ROOTS is no folder here.", advice)


def _unless_away(check: Callable[[], None]) -> None:
    with suppress(Unavailable):
        check()


def _warn(concerns: Sequence[Diagnostic]) -> None:
    for concern in concerns:
        logger.warning("%s %s", concern.what, concern.advice)
