"""The sidecars of a zip."""

from lookalike.errors import ImageRejected
from lookalike.reading.archives.compressed import FREE_BYTES, MAX_RATIO
from lookalike.reading.archives.contents import content
from lookalike.reading.archives.member import MAX_SIDECAR, Member, Window
from lookalike.reading.archives.steps import finished
from lookalike.records import Span
from lookalike_producer.archives.ranges import Ranges


class ZipSidecars:
    """Reads sidecars of a zip, whose content is not beside its directory; neighbours are read at once. All of them
    together may be packed as well as a compressed tar: a million bombs of 256 KiB are one."""

    def __init__(self, ranges: Ranges, block: int) -> None:
        self._ranges = ranges
        self._window = Window(ranges.size_bytes, block)
        self._packed = self._unpacked = 0

    def read(self, member: Member) -> bytes | None:
        if member.size_bytes > MAX_SIDECAR or self._unpacked > max(FREE_BYTES, MAX_RATIO * self._packed):
            return None
        try:
            data = finished(content(member.name, member.span, MAX_SIDECAR), self._bytes) if member.size_bytes else b""
        except ImageRejected:
            # A broken one may have taken as much to unpack as a whole one.
            data = None
        self._packed += member.span.length
        self._unpacked += MAX_SIDECAR if data is None else len(data)
        return data

    def _bytes(self, span: Span) -> bytes:
        return finished(self._window.take(span.start, span.length), self._ranges.read)
