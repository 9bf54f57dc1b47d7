"""How each member of an archive ends."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from lookalike.errors import ImageRejected
from lookalike.reading.archives.place import ArchivePlace
from lookalike.reading.local import LocalPlace
from lookalike.records import ImageRef, Reason
from lookalike.storage import Storage
from lookalike_producer.archives.listing import ArchiveLister
from lookalike_producer.refused import RefusedReference
from lookalike_producer.walk.options import USUAL

MAX_BYTES = 100_000
MEMBERS = {
    "cats/a.jpg": b"a" * 700,
    "b.jpg": b"",
    "b.json": b'{"a": 1}',
    f"{'x' * 200}.jpg": b"long" * 9,
    "c.jpg": b"c",
}


def references(path: Path) -> list[ImageRef]:
    return list(ArchiveLister(USUAL).references(str(path)))


def outcome(path: Path, ref: ImageRef) -> bytes | Reason:
    """What a worker reads, or why not."""
    if isinstance(ref, RefusedReference):
        return ref.reason

    async def read() -> bytes:
        place = ArchivePlace(LocalPlace(Storage((path.parent,), MAX_BYTES)), MAX_BYTES)
        try:
            return (await place.fetch(ref.uri, ref.span)).data
        finally:
            await place.close()

    try:
        return asyncio.run(read())
    except ImageRejected as rejected:
        return rejected.reason


def outcomes(path: Path) -> dict[str, bytes | Reason]:
    """By the name of the member; that of the archive itself is empty."""
    found = references(path)
    assert len({ref.uri for ref in found}) == len(found)
    return {ref.uri.removeprefix(str(path)).removeprefix("#"): outcome(path, ref) for ref in found}


def written(write: Callable[..., Path], name: str, **options: object) -> bytes:
    """The bytes of an archive of MEMBERS."""
    with tempfile.TemporaryDirectory() as folder:
        return write(Path(folder) / name, MEMBERS, **options).read_bytes()
