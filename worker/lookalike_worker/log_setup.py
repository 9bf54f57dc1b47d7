"""Makes Celery and its processes log in the program's format."""

import logging

from celery.signals import setup_logging
from celery.utils.log import get_multiprocessing_logger

from lookalike import logs
from lookalike.settings import Settings


def set_up_logging(settings: Settings) -> None:
    """Configure logging now, and again when Celery sends its signal, in place of Celery's own setup."""
    _configure(settings, logging.INFO)

    @setup_logging.connect(weak=False)
    def instead_of_celery(loglevel: int = logging.INFO, **_: object) -> None:
        _configure(settings, loglevel)


def _configure(settings: Settings, level: int) -> None:
    # Create this logger first, because it does not propagate to the root by itself.
    get_multiprocessing_logger().setLevel(logging.ERROR)
    logs.configure(settings.log_format, level=level, secrets=settings.secrets)
