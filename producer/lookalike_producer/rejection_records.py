"""The rejections that the ledger records for one version of an index, for a comparison with its sources."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from lookalike.ledger import Ledger
from lookalike.records import Rejection

#: A stack of this process may be replaced while a long comparison runs, so each step opens the ledger anew.
OpenLedger = Callable[[], AbstractContextManager[Ledger]]


class RejectionRecords:
    """Every method raises BrokerUnavailable."""

    def __init__(self, open_ledger: OpenLedger, place: str) -> None:
        self._open_ledger = open_ledger
        self._place = place

    def uris(self) -> Iterator[str]:
        """The images with a record."""
        with self._open_ledger() as ledger:
            yield from ledger.recorded(self._place)

    def of(self, uris: Sequence[str]) -> Mapping[str, Rejection]:
        """The records of some images, by uri."""
        with self._open_ledger() as ledger:
            return ledger.earlier(self._place, uris)

    def forget(self, uris: Sequence[str]) -> None:
        """Remove the records of some images."""
        with self._open_ledger() as ledger:
            ledger.forget(self._place, uris)

    def forget_all(self) -> None:
        """Remove every record: the version is new, and one of the same name was deleted."""
        with self._open_ledger() as ledger:
            ledger.forget_all(self._place)
