"""Whether a single file is an archive at all, before work starts."""

from lookalike.errors import ImageRejected, SourceMissing
from lookalike.reading.archives.kinds import START_BYTES, kind_of
from lookalike.records import Span
from lookalike.shown import shown
from lookalike.storage import local_uri
from lookalike_producer.archives.ranges import local_ranges


def check_archive(path: str) -> None:
    """Raises SourceMissing for a file that cannot be read as an archive, whatever its name says."""
    try:
        with local_ranges(local_uri(path)) as ranges:
            kind_of(ranges.read(Span(0, START_BYTES)), path)
    except ImageRejected as rejected:
        raise SourceMissing(
            f"{shown(path)} cannot be read as an archive: {rejected.detail or rejected.reason}.",
            "Give a .tar or .zip, or the folder of the unpacked images.",
        ) from rejected
