"""How a text with a path or a pattern on each line is written, from its first bytes."""

import codecs
from dataclasses import dataclass

#: Longest first: the mark of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, None),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Form:
    """How a text is written: `skip` bytes of a mark, then lines in an encoding (None: bytes of file names)."""

    skip: int
    encoding: str | None
    separator: bytes


def form_of(sample: bytes) -> Form:
    """The form of a text that begins so."""
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return Form(len(mark), encoding, b"\n")
    if b"\0" in sample:
        return _form_with_nulls(sample)
    return Form(0, None, b"\r" if b"\r" in sample and b"\n" not in sample else b"\n")


def _form_with_nulls(sample: bytes) -> Form:
    """UTF-16 without a mark has a null in every other byte; otherwise nulls separate paths, as `find -print0` does."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    few = len(sample) // 20
    if odd > len(sample) // 4 and even <= few:
        return Form(0, "utf-16-le", b"\n")
    if even > len(sample) // 4 and odd <= few:
        return Form(0, "utf-16-be", b"\n")
    return Form(0, None, b"\0")
