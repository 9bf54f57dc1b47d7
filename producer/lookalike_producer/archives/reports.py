"""What img2dataset writes beside its shards: for `00000.tar` a table of the downloads and their statistics."""

import os
from collections.abc import Iterable, Iterator

from lookalike.records import ImageRef

#: Ends of the names of its reports, behind the number of the shard.
_TABLE, _STATISTICS = ".parquet", "_stats.json"


def is_report(folder: str, name: str) -> bool:
    """Whether a file is a report on the shard, a tar or a folder of the same number, that lies beside it."""
    shard = _shard(name, _TABLE) or _shard(name, _STATISTICS)
    return shard is not None and (os.path.isfile(f"{folder}/{shard}.tar") or os.path.isdir(f"{folder}/{shard}"))


def without_reports(listed: Iterable[ImageRef]) -> Iterator[ImageRef]:
    """The objects of a store without such reports. In the order of keys, a table comes right before its shard, and the
    statistics come behind it."""
    held: ImageRef | None = None
    before = ""
    for ref in listed:
        if held is not None:
            table, held = held, None
            if not _is_of(ref.uri, str(_shard(table.uri, _TABLE))):
                yield table
        statistics = _shard(ref.uri, _STATISTICS)
        if _shard(ref.uri, _TABLE) is not None:
            held = ref
        elif statistics is None or not _is_of(before, statistics):
            yield ref
        before = ref.uri
    if held is not None:
        yield held


def _shard(name: str, end: str) -> str | None:
    """The name of the shard that a report is on; None for a file that is no report."""
    shard = name.removesuffix(end)
    return shard if shard != name and os.path.basename(shard).isdigit() else None


def _is_of(uri: str, shard: str) -> bool:
    return uri == f"{shard}.tar" or uri.startswith(f"{shard}/")
