"""Files that are no source, or none alone."""

import os
import stat

from lookalike.errors import SourceMissing
from lookalike.reading.archives.kinds import is_archive
from lookalike.shown import shown
from lookalike.storage import kind_of_file
from lookalike_producer.archives.checking import check_archive
from lookalike_producer.places.kinds import WHAT_TO_GIVE
from lookalike_producer.places.suffixes import OFFICE_SUFFIXES, OTHER_ARCHIVES


def check_regular(path: str) -> None:
    """Raises SourceMissing for a FIFO, a socket or a device: nothing opens it."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        # It is rejected with the reason.
        return
    if not stat.S_ISREG(mode):
        raise SourceMissing(f"{shown(path)} is not a file but {kind_of_file(mode)}.", WHAT_TO_GIVE)


def check_alone(path: str) -> None:
    """Raises SourceMissing for a document of an office program or an archive; among other sources it is rejected as any
    file."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in OFFICE_SUFFIXES:
        raise SourceMissing(f"{shown(path)} is a document of an office program.", "Save its table as CSV.")
    if is_archive(path):
        check_archive(path)
    elif suffix in OTHER_ARCHIVES:
        raise SourceMissing(
            f"{shown(path)} is an archive of a kind that is not read.", "Make a tar or zip, or unpack it."
        )
