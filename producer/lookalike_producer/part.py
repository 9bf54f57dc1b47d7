"""The part of some sources that has changed: a round of `sync --watch` need not compare everything then."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from lookalike.index import Index
from lookalike.reading.archives.kinds import is_archive
from lookalike.records import Rejection, document_id
from lookalike.storage import local_uri
from lookalike_producer.archives.beside import is_in_shard
from lookalike_producer.named import remote_scheme
from lookalike_producer.places import Listing, OneImage, Tree, placed
from lookalike_producer.rejection_records import RejectionRecords
from lookalike_producer.scope import OF_RECORDS, FolderScope, Scope, Scopes, covered
from lookalike_producer.tables.formats import format_of
from lookalike_producer.walk.ignore_file import NAME as IGNORE_FILE
from lookalike_producer.walk.options import WalkOptions

#: Ids looked up in one request.
IDS_PER_REQUEST = 1000
#: Paths that are gone and were no images: each may have been a folder, whose documents are listed.
MOST_FOLDERS = 32


@dataclass
class Part:
    """Files and folders below the folders of sources, as they are now, and the uris of those that are gone.

    `below` are the folders, of which documents may be orphans, those that are gone as well. `scopes` say which
    documents belong to the sources, `walked` which files a walk finds.
    """

    scopes: Sequence[Scope]
    walked: Sequence[FolderScope]
    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    gone: frozenset[str] = frozenset()
    below: list[FolderScope] = field(default_factory=list)

    def documents(self, index: Index) -> Iterator[tuple[str, str]]:
        """Id and uri of the documents that are orphans unless the part has their images."""
        yield from _stored(index, self.gone)
        for folder in self.below:
            for prefix in folder.prefixes:
                yield from (item for item in index.scan(prefix) if self._covers(item[1]))

    def rejections(self, records: RejectionRecords) -> Iterator[Mapping[str, Rejection]]:
        """The records of earlier rejections, some at a time: all if folders have changed, because nobody knows what was
        in them."""
        return records.batches() if self.below else records.of([*map(local_uri, self.files), *self.gone])

    def covers(self, rejection: Rejection) -> bool:
        """Whether the part would have the image, if it was there."""
        return self._covers(rejection.ref.uri)

    def _covers(self, uri: str) -> bool:
        return (uri in self.gone or covered(uri, self.below)) and covered(uri, self.scopes)


class Whole:
    """All that the sources may hold: the same for everything."""

    def __init__(self, scopes: Sequence[Scope]) -> None:
        self._scopes = Scopes(scope for scope in scopes if not isinstance(scope, OF_RECORDS))
        self._records = Scopes(scope for scope in scopes if isinstance(scope, OF_RECORDS))

    def documents(self, index: Index) -> Iterator[tuple[str, str]]:
        for prefix in self._scopes.prefixes:
            yield from (item for item in index.scan(prefix) if self._scopes.covers(item[1]))

    def rejections(self, records: RejectionRecords) -> Iterator[Mapping[str, Rejection]]:
        return records.batches()

    def covers(self, rejection: Rejection) -> bool:
        """Whether it is of what the sources may hold. A table that was refused belongs to itself as a source; its file
        that was read as an image, and was none, belongs to the folder that it was found in."""
        uri = rejection.ref.uri
        return self._scopes.covers(uri) or (not rejection.basis.content_sha256 and self._records.covers(uri))


def part_of(
    sources: Sequence[str], options: WalkOptions, scopes: Sequence[Scope], changed: Collection[str], index: Index
) -> Part | None:
    """What lies at the changed paths below the folders among the sources; None if everything has to be compared.

    That is so where one file says something about others (a table, an archive), where links are followed, and where a
    folder of a source itself has changed. Raises SourceMissing, and what the index raises.
    """
    places = placed([source for source in sources if remote_scheme(source) is None])
    trees = [place for place in places if isinstance(place, Tree)]
    is_simple = all(isinstance(place, Tree | Listing | OneImage) for place in places)
    if options.follow_links or not is_simple or any(tree.tables for tree in trees):
        return None
    walked = [FolderScope(tree.folder, tree.parts, options.within(tree.folder)) for tree in trees]
    lists = {place.path for place in places if isinstance(place, Listing)}
    part, missing = Part([scope for scope in scopes if not isinstance(scope, OF_RECORDS)], walked), set[str]()
    for path in changed:
        tree = next((tree for tree in trees if path.startswith(f"{tree.folder}/")), None)
        if tree is None or path in lists or _tells_of_others(path):
            return None
        if not os.path.lexists(path):
            missing.add(_topmost(path, tree.folder))
        elif _leads_through_links(path, tree.folder):
            continue
        elif os.path.isdir(path):
            part.folders.append(path)
        else:
            part.files.append(path)
    return _with_missing(part, [path for path in missing if covered(local_uri(path), walked)], index)


def _with_missing(part: Part, missing: Sequence[str], index: Index) -> Part | None:
    """The part with paths that are gone: files if the index has them, and else folders, perhaps."""
    known = {uri for _, uri in _stored(index, map(local_uri, missing))}
    unknown = [path for path in missing if local_uri(path) not in known]
    part.folders = _outermost(part.folders)
    if len(unknown) + len(part.folders) > MOST_FOLDERS:
        return None
    part.gone = frozenset(map(local_uri, missing))
    part.below = [FolderScope(path) for path in (*part.folders, *unknown)]
    part.files = [path for path in part.files if not path.startswith(tuple(f"{folder}/" for folder in part.folders))]
    return part


def _stored(index: Index, uris: Iterable[str]) -> Iterator[tuple[str, str]]:
    remaining = iter(uris)
    while some := {document_id(uri): uri for uri in islice(remaining, IDS_PER_REQUEST)}:
        yield from ((id, some[id]) for id in index.stored(list(some)))


def _tells_of_others(path: str) -> bool:
    """Whether a file says what is to be known of others, or holds images itself."""
    return os.path.basename(path) == IGNORE_FILE or is_archive(path) or format_of(path) is not None or is_in_shard(path)


def _leads_through_links(path: str, root: str) -> bool:
    """Whether a link to a folder is on the way from `root`, or at its end: no walk goes that way."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    return os.path.realpath(folder) != os.path.realpath(root or "/").rstrip("/") + folder.removeprefix(root)


def _topmost(path: str, root: str) -> str:
    """The topmost folder on the way from `root` to a missing path that is missing, or the path."""
    while (folder := os.path.dirname(path)) != root and not os.path.lexists(folder):
        path = folder
    return path


def _outermost(folders: Sequence[str]) -> list[str]:
    """Without those that lie in others of them."""
    kept: list[str] = []
    for folder in sorted(folders, key=len):
        if not folder.startswith(tuple(f"{one}/" for one in kept)):
            kept.append(folder)
    return kept
