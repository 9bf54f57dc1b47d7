"""The images of a chunk one after the other, from a function that reads one."""

import time
from collections.abc import Callable, Generator, Sequence

from lookalike.errors import ImageRejected
from lookalike.pipeline import Fetch
from lookalike.reading.arrivals import Arrival, Meanwhile, Wanted
from lookalike.reading.contract import Fetched


def one_by_one(read: Callable[[str], bytes]) -> Fetch:
    """For `lookalike.pipeline.ingest`, in place of a Reader."""

    def fetch(wanted: Sequence[Wanted], meanwhile: Meanwhile) -> Generator[Arrival]:
        for item in wanted:
            read_at_ns = time.time_ns()
            try:
                yield Arrival(item.ref, Fetched(read(item.ref.uri)), read_at_ns)
            except ImageRejected as error:
                yield Arrival(item.ref, error, read_at_ns)

    return fetch
