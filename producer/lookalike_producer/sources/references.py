"""What a walk or a list finds, as references to images."""

from collections.abc import Iterable, Iterator

from lookalike.reading.archives.kinds import is_archive
from lookalike.records import ImageRef
from lookalike.storage import local_uri, named_uri, reason_of
from lookalike.unicode import is_unicode
from lookalike.uris import member_of
from lookalike_producer.archives.beside import is_sidecar, shard_finder
from lookalike_producer.archives.listing import ArchiveLister
from lookalike_producer.archives.reports import is_report
from lookalike_producer.labels import Label
from lookalike_producer.refused import UnlistedFolder
from lookalike_producer.walk.walker import Found, Unlisted

#: What a source finds: a file, a folder that could not be listed, or the finished reference of what is no file.
Item = Found | Unlisted | ImageRef


def as_references(found: Iterable[Item], label: Label, archives: ArchiveLister) -> Iterator[ImageRef]:
    """The images that are found, with their labels; of an archive, the images in it."""
    last: str | None = None
    folder_label, is_text, has_sidecars = None, True, False
    is_shard = shard_finder()
    for item in found:
        if isinstance(item, Unlisted):
            yield _unlisted(item)
            continue
        if isinstance(item, ImageRef):
            yield from archives.expanded(item)
            continue
        folder, name = item
        if folder != last:
            last, folder_label, is_text, has_sidecars = (
                folder,
                label.of(folder, ""),
                is_unicode(folder),
                is_shard(folder),
            )
        path = f"{folder}/{name}"
        uri = path if is_text and "#" not in path and (name.isascii() or is_unicode(name)) else named_uri(path)
        if "#" in uri and (member := member_of(uri)):
            yield ImageRef(uri, archives.label_of(member.name))
            continue
        if is_archive(name):
            yield from archives.references(uri)
            continue
        if is_report(folder, name):
            continue
        if not has_sidecars:
            yield ImageRef(uri, label.of(folder, name) if label.needs_name else folder_label)
        elif not is_sidecar(name):
            yield archives.file(path, uri)


def _unlisted(folder: Unlisted) -> UnlistedFolder:
    why = folder.error.strerror or str(folder.error)
    return UnlistedFolder(
        local_uri(folder.path), reason=reason_of(folder.error), detail=f"the folder cannot be listed: {why}"
    )
