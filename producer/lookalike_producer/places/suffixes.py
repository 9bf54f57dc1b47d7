"""What the name of a source says about its content."""

import glob

from lookalike.uris import STORE_SCHEMES, WEB_SCHEMES, scheme_of
from lookalike_producer.tables.files import STDIN
from lookalike_producer.tables.formats import format_of

#: A file with one of these suffixes is a list of paths, one per line. Any other file is one image.
LIST_SUFFIXES = (".txt", ".lst", ".list")
IMAGE_SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".jxl"),
    *(".dng", ".nef", ".cr2", ".cr3", ".arw", ".raf", ".rw2", ".orf", ".pef", ".srw"),
)
#: Tables that are not read, although people name them.
OFFICE_SUFFIXES = (".xls", ".xlsx", ".ods", ".numbers")
#: Archives and compressed files that are not read.
OTHER_ARCHIVES = (".gz", ".bz2", ".tbz", ".tbz2", ".txz", ".xz", ".zst", ".lz4", ".7z", ".rar", ".cab", ".iso")


def is_plainly_an_image(source: str) -> bool:
    """Whether an address of a store names one image, by its text."""
    key = source.partition("://")[2].partition("/")[2]
    return scheme_of(source) in STORE_SCHEMES and not glob.has_magic(key) and key.lower().endswith(IMAGE_SUFFIXES)


def names_only(source: str) -> bool:
    """Whether a source names images one by one, as far as its own name tells: a list, a table or standard input. It
    says nothing about other images."""
    return source == STDIN or source.lower().endswith(LIST_SUFFIXES) or is_table(source)


def is_table(name: str) -> bool:
    """Whether a name promises a table, also that of a web address with a query."""
    return format_of(name.partition("?")[0] if scheme_of(name) in WEB_SCHEMES else name) is not None
