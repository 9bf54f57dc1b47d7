"""The worker's log: Celery and its processes write their lines as the rest of the program does."""

import logging

from celery.signals import setup_logging
from celery.utils.log import get_multiprocessing_logger

from lookalike import logs
from lookalike.settings import Settings


def set_up_logging(settings: Settings) -> None:
    """At once, and again when Celery would set up logging: it leaves that to whoever listens to its signal."""
    _configure(settings, logging.INFO)

    @setup_logging.connect(weak=False)
    def instead_of_celery(loglevel: int = logging.INFO, **_: object) -> None:
        _configure(settings, loglevel)


def _configure(settings: Settings, level: int) -> None:
    # Made before the others are looked at: it is born cut off from the root.
    get_multiprocessing_logger().setLevel(logging.ERROR)
    logs.configure(settings.log_format, level=level, secrets=settings.secrets)
