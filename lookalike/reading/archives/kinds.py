"""What an archive is, by its first bytes and not by its name."""

from enum import StrEnum

from lookalike import zstd
from lookalike.errors import ImageRejected
from lookalike.other_formats import description
from lookalike.reading.archives import tar, zip
from lookalike.records import Reason

#: Bytes that `kind_of` needs.
START_BYTES = 512
#: Names of files that are read as archives, in lower case. Those behind the first two are compressed.
SUFFIXES = (".tar", ".zip", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz")


class Kind(StrEnum):
    TAR = "tar"
    ZIP = "zip"
    GZIP = "gzip"
    ZSTANDARD = "Zstandard"
    BZIP2 = "bzip2"
    XZ = "xz"

    @property
    def is_compressed(self) -> bool:
        """Whether it is a stream that hides a tar: its members have no place of their own in the file."""
        return self not in (Kind.TAR, Kind.ZIP)


#: How compressed streams begin.
MAGIC: dict[Kind, tuple[bytes, ...]] = {
    Kind.GZIP: (b"\x1f\x8b",),
    Kind.ZSTANDARD: zstd.MAGIC,
    Kind.BZIP2: (b"BZh",),
    Kind.XZ: (b"\xfd7zXZ\0",),
}
#: Of the longest one.
MAGIC_BYTES = max(len(start) for starts in MAGIC.values() for start in starts)


def is_archive(name: str) -> bool:
    """Whether a file of this name is read as an archive."""
    return name.lower().endswith(SUFFIXES)


def is_compressed_name(name: str) -> bool:
    """Whether an archive of this name is probably compressed."""
    return name.lower().endswith(SUFFIXES[2:])


def kind_of(start: bytes, name: str) -> Kind:
    """The kind of an archive that begins with these bytes. Raises ImageRejected for what is none."""
    if not start:
        raise ImageRejected(Reason.EMPTY, "0 bytes")
    if start.startswith(zip.STARTS):
        return Kind.ZIP
    for kind, magic in MAGIC.items():
        if start.startswith(magic):
            return kind
    if tar.is_tar(start):
        return Kind.TAR
    named, _ = description(start)
    if name.lower().endswith(".zip") and not named.startswith("an HTML"):
        # A program may stand before a zip: its end decides.
        return Kind.ZIP
    raise ImageRejected(Reason.UNSUPPORTED, f"{named or 'an unknown file'}, not a tar or zip archive")
