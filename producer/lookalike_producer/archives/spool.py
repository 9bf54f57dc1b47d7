"""References that wait in a file until it is known which of them count."""

from array import array
from collections.abc import Iterator
from itertools import pairwise
from typing import IO

from lookalike.records import ImageRef
from lookalike_producer import refused

#: Hashes that are sorted at once.
_SORTED = 2**16


class Spool:
    """References in a file, until it is known which of them count."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hashes = array("q")

    def add(self, ref: ImageRef) -> None:
        self._file.write(refused.encode(ref) + b"\n")
        self._hashes.append(hash(ref.uri))

    def last_of_each(self) -> Iterator[ImageRef]:
        """The references in their order; of those with the same uri only the last."""
        repeated = _repeated(self._hashes)
        last = {uri_hash: number for number, uri_hash in enumerate(self._hashes) if uri_hash in repeated}
        self._file.seek(0)
        for number, line in enumerate(self._file):
            if not last or last.get(self._hashes[number], number) == number:
                yield refused.decode(line)


def _repeated(hashes: "array[int]") -> set[int]:
    """The hashes that are there more than once, with few of them as objects at a time."""
    parts = 1 + len(hashes) // _SORTED
    repeated: set[int] = set()
    for part in range(parts):
        some = sorted(hashes if parts == 1 else (each for each in hashes if each % parts == part))
        repeated.update(before for before, after in pairwise(some) if before == after)
    return repeated
