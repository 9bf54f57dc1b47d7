"""The rejections that the ledger records for one version of an index, for a comparison with its sources."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain

from lookalike.batches import batched
from lookalike.ledger import Ledger
from lookalike.records import Rejection

#: Opens the ledger of a stack, or starts one for the time of the look: so a comparison looks once.
OpenLedger = Callable[[], AbstractContextManager[Ledger]]
#: Records read in one request.
URIS_PER_REQUEST = 1000


class RejectionRecords:
    """Every method raises BrokerUnavailable."""

    def __init__(self, open_ledger: OpenLedger, place: str) -> None:
        self._open_ledger = open_ledger
        self._place = place

    def batches(self) -> Iterator[Mapping[str, Rejection]]:
        """All records by uri, some at a time. Read them at once: another program may wait for the stack."""
        with self._open_ledger() as ledger:
            for uris in batched(ledger.recorded(self._place), URIS_PER_REQUEST):
                yield ledger.earlier(self._place, uris)

    def of(self, uris: Sequence[str]) -> Iterator[Mapping[str, Rejection]]:
        """The records of some images by uri, some at a time."""
        if not uris:
            return
        with self._open_ledger() as ledger:
            for start in range(0, len(uris), URIS_PER_REQUEST):
                yield ledger.earlier(self._place, uris[start : start + URIS_PER_REQUEST])

    @contextmanager
    def forgetting(self) -> Iterator[Callable[[Sequence[str]], None]]:
        """A function that removes the records of some images."""
        with self._open_ledger() as ledger:
            yield lambda uris: ledger.forget(self._place, uris)

    def forget(self, batches: Iterator[Sequence[str]]) -> None:
        """Remove the records of some images, some at a time; opens no ledger if there are none."""
        if first := next(batches, None):
            with self.forgetting() as forget:
                for uris in chain((first,), batches):
                    forget(uris)

    def forget_all(self) -> None:
        """Remove every record: the version is new, and one of the same name was deleted."""
        with self._open_ledger() as ledger:
            ledger.forget_all(self._place)
