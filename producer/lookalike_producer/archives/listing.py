"""Lists one archive: a reference for each image in it, or the reason why it cannot be listed.

The references wait in a temporary file until the archive has been listed, because the last member of a name counts, as
when tar unpacks. Memory grows by eight bytes a member.
"""

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial

import orjson

from lookalike.clutter import is_left_out
from lookalike.errors import ImageRejected, SourceUnavailable
from lookalike.reading.archives import tar, zip
from lookalike.reading.archives.compressed import Forward, Unpacking
from lookalike.reading.archives.contents import etag_of
from lookalike.reading.archives.kinds import START_BYTES, Kind, is_archive, kind_of
from lookalike.reading.archives.member import LOCAL_BLOCK, MAX_NAME, Member
from lookalike.reading.archives.steps import listed
from lookalike.records import ImageRef, Reason, Span
from lookalike.shown import shortened
from lookalike.uris import MAX_URI, member_of, member_uri
from lookalike_producer.archives.beside import sidecars_of
from lookalike_producer.archives.chosen import Chosen, Described
from lookalike_producer.archives.field_types import FieldTypes
from lookalike_producer.archives.ranges import Ranges, ranges_of
from lookalike_producer.archives.samples import Sample, samples, wanted
from lookalike_producer.archives.sidecar import Sidecars
from lookalike_producer.archives.spool import Spool
from lookalike_producer.archives.zip_sidecars import ZipSidecars
from lookalike_producer.labels import Label, labeller
from lookalike_producer.refused import RefusedReference, UnlistedFolder
from lookalike_producer.walk.options import WalkOptions

#: The references of a small archive stay in memory.
_IN_MEMORY = 2**22
#: JSON of the metadata of one image; `lookalike.messages` holds a chunk of them.
MAX_METADATA = 24 * 1024
Open = Callable[[str], AbstractContextManager[Ranges]]


@dataclass(frozen=True)
class ArchiveLister:
    """Lists archives that `open` opens. With `has_labels`, an image has the label of its .cls, else `label`'s;
    `chosen` says what is taken of its sidecars. A preview (`is_preview`) does not wait for the end of an archive, so it
    may have an image twice, and values of several types in a field."""

    options: WalkOptions
    has_labels: bool = True
    open: Open = ranges_of
    chosen: Chosen = field(default_factory=Chosen)
    is_preview: bool = False
    fields: FieldTypes = field(default_factory=FieldTypes)
    label: Label = field(default_factory=partial(labeller, "parent"))

    def references(self, uri: str) -> Iterator[ImageRef]:
        """The images of an archive, each once, and an UnlistedFolder if not all of it can be listed.

        One that its place does not give, after minutes of trying, is such a record, too: the others go on. Raises
        DiskFull.
        """
        if self.is_preview:
            yield from self._found(uri)
            return
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            spool = Spool(file)
            for ref in self._found(uri):
                spool.add(ref)
            for ref in spool.last_of_each():
                is_mixed = bool(ref.metadata) and self.fields.are_mixed
                yield replace(ref, metadata=self.fields.fitted(ref.metadata)) if is_mixed else ref

    def _found(self, uri: str) -> Iterator[ImageRef]:
        """The images as they are met, and the record at the end."""
        faults: list[ImageRejected] = []
        try:
            with self.open(uri) as ranges:
                for sample in _samples(uri, ranges, faults):
                    for member in sample.images:
                        if not self._is_left_out(member.name):
                            yield self._reference(uri, ranges.etag, sample, member)
        except ImageRejected as rejected:
            faults.append(rejected)
        except SourceUnavailable as error:
            faults.append(ImageRejected(Reason.HOST_UNAVAILABLE, error.why))
        for fault in faults[:1]:
            detail = f"the archive cannot be listed: {fault.detail or fault.reason}"
            yield UnlistedFolder(uri, reason=fault.reason, detail=detail)

    def expanded(self, ref: ImageRef) -> Iterator[ImageRef]:
        """The members of an archive that a reference names; any other reference as it is."""
        if not is_archive(ref.uri) or isinstance(ref, RefusedReference) or member_of(ref.uri):
            return iter((ref,))
        return self.references(ref.uri)

    def label_of(self, name: str) -> str | None:
        """The label of a member that has no sidecar, by its path in the archive; None for one without a folder, unless
        its name is looked at."""
        folder, _, name = name.replace("\\", "/").rpartition("/")
        return self.label.of(folder, name) if self.has_labels else None

    def _is_left_out(self, name: str) -> bool:
        parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        if not self.options.include_hidden and any(map(is_left_out, parts)):
            return True
        excludes = self.options.excludes
        return excludes is not None and excludes("/".join(parts))

    def _reference(self, archive: str, etag: str, sample: Sample, member: Member) -> ImageRef:
        uri = member_uri(archive, member.name)
        if not member.name or "\0" in member.name or len(member.name) > MAX_NAME or len(uri) > MAX_URI:
            uri = member_uri(archive, f"{shortened(member.name.replace(chr(0), ''))}@{member.span.start}")
            what = "null characters" if "\0" in member.name else f"{len(member.name)} characters"
            return RefusedReference(uri, reason=Reason.BAD_URI, detail=f"a name of {what}")
        if member.fault is not None:
            return RefusedReference(uri, reason=member.fault, detail=member.detail)
        if is_archive(member.name):
            return RefusedReference(uri, reason=Reason.UNSUPPORTED, detail="an archive in an archive is not read")
        described = self._described(uri, sample.sidecars)
        if isinstance(described, RefusedReference):
            return described
        label = described.label or self.label_of(member.name)
        return ImageRef(uri, label, described.metadata, member.span, etag_of(etag, member.span))

    def _described(self, uri: str, sidecars: Sidecars) -> Described | RefusedReference:
        """What the sidecars of an image say, with a label if that is wanted."""
        try:
            described = self.chosen.of(sidecars)
        except ValueError as error:
            return RefusedReference(uri, reason=Reason.BAD_METADATA, detail=str(error))
        metadata = self.fields.see(described.metadata)
        if metadata and (length := len(orjson.dumps(metadata))) > MAX_METADATA:
            detail = f"{length} bytes of metadata are more than {MAX_METADATA}"
            return RefusedReference(uri, reason=Reason.BAD_METADATA, detail=detail)
        is_wanted = self.has_labels or self.chosen.columns.label_column is not None
        return Described(described.label if is_wanted else None, metadata)

    def file(self, path: str, uri: str) -> ImageRef:
        """The reference of a loose image, with what its sidecars on the disk say; its folder is no label."""
        described = self._described(uri, sidecars_of(path))
        if isinstance(described, RefusedReference):
            return described
        metadata = self.fields.fitted(described.metadata) if self.fields.are_mixed else described.metadata
        return ImageRef(uri, described.label, metadata)


def _samples(uri: str, ranges: Ranges, faults: list[ImageRejected]) -> Iterator[Sample]:
    """The members by key, as far as the archive can be listed; then the fault is in `faults`."""
    kind = kind_of(ranges.read(Span(0, START_BYTES)), uri)
    block = LOCAL_BLOCK
    if kind is Kind.ZIP:
        members = listed(zip.members(ranges.size_bytes, block), ranges.read)
        return samples(_until_fault(members, faults), ZipSidecars(ranges, block).read)
    read, size = ranges.read, float(ranges.size_bytes)
    if kind.is_compressed:
        read, size = Forward(Unpacking(kind, ranges.size_bytes, ranges.read)).read, math.inf
    return samples(_until_fault(listed(tar.members(size, block, wanted), read), faults), lambda member: None)


def _until_fault(members: Iterable[Member], faults: list[ImageRejected]) -> Iterator[Member]:
    is_empty = True
    try:
        for member in members:
            is_empty = False
            yield member
    except ImageRejected as rejected:
        faults.append(rejected)
    if is_empty and not faults:
        # A file of zeros is an empty tar: what is indexed from there stays, as with an empty folder.
        faults.append(ImageRejected(Reason.EMPTY, "it holds no file"))
