"""Compares two versions of an index, document by document, in constant memory."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from lookalike.batches import batched
from lookalike.index import Index
from lookalike.metadata import Fields, is_same
from lookalike.records import Stored
from lookalike_producer.id_store import IdStore

#: Documents compared in one request.
IDS_PER_REQUEST = 1000


@dataclass
class Differences:
    """What the new version lacks: images that only the old one has, images that changed there later, and images that
    were deleted there. `example` is the uri of one."""

    added: int = 0
    changed: int = 0
    deleted: int = 0
    example: str = ""
    _kinds: tuple[str, ...] = field(default=("added", "changed", "deleted"), repr=False)

    def __bool__(self) -> bool:
        return any(getattr(self, kind) for kind in self._kinds)

    def __str__(self) -> str:
        return ", ".join(f"{count:,} {kind}" for kind in self._kinds if (count := getattr(self, kind)))

    def count(self, kind: str, uris: Sequence[str]) -> None:
        setattr(self, kind, getattr(self, kind) + len(uris))
        if uris and not self.example:
            self.example = uris[0]


def compare_versions(old: Index, new: Index, *, unfit: Callable[[Mapping[str, str]], set[str]]) -> Differences:
    """What changed in the old version since the new one was filled.

    A document of the new version that was written later is the newer truth, whatever the old one holds. `unfit` gives
    the uris among some, with the times of their documents in the old version, whose files the new version has rejected
    later for what they hold: it does not lack these.

    Raises what the indexes raise, DiskFull.
    """
    found = Differences()
    with closing(IdStore()) as times:
        for index in (old, new):
            index.refresh()
        times.add((id, f"{time} {uri}") for id, uri, time in new.scan_times())
        for batch in batched(old.scan_times(), IDS_PER_REQUEST):
            written = {id: text.partition(" ")[0] for id, text in times.pop(id for id, _, _ in batch).items()}
            lacking = {uri: time for id, uri, time in batch if id not in written}
            if lacking:
                rejected = unfit(lacking)
                found.count("added", [uri for uri in lacking if uri not in rejected])
            later = {id: uri for id, uri, time in batch if id in written and time >= written[id]}
            found.count("changed", _different(later, old, new))
        for _, text in times.remaining():
            found.count("deleted", [text.partition(" ")[2]])
    return found


def _different(uris: dict[str, str], old: Index, new: Index) -> list[str]:
    """The uris whose documents are of another file, label or metadata."""
    if not uris:
        return []
    ids = list(uris)
    before, after = (index.stored(ids, is_fresh=False) for index in (old, new))
    fields = new.fields()
    return [uris[id] for id in ids if id in before and not (id in after and _is_same(before[id], after[id], fields))]


def _is_same(before: Stored, after: Stored, fields: Fields) -> bool:
    of_file = (before.content_sha256, before.name) == (after.content_sha256, after.name)
    return of_file and is_same(after.metadata, before.metadata, fields)
