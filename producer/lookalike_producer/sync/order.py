"""What the caller of a sync wants."""

from collections.abc import Callable
from dataclasses import dataclass

from lookalike_producer.deletion import Confirm
from lookalike_producer.job_request import JobRequest
from lookalike_producer.rejection_records import OpenLedger
from lookalike_producer.report import Report


@dataclass(frozen=True)
class Order:
    """How a sync runs its job, and what it may delete; see `sync`."""

    run: Callable[[JobRequest], Report]
    open_ledger: OpenLedger
    delete: bool
    confirm: Confirm
    ask_always: bool
    accept_devices: bool
    on_note: Callable[[str], None]


class EverythingNeeded(Exception):
    """To compare what has changed is not enough."""
