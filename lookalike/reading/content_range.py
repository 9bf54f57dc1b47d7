"""Which part of a whole an answer over HTTP holds (RFC 9110, 14.4)."""

import re
from collections.abc import Mapping

_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)", re.IGNORECASE)


def part_of(headers: Mapping[str, str]) -> tuple[int, int | None]:
    """The first byte of a part, and the size of the whole; None if unknown. Raises ValueError."""
    found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if found is None or found[1] is None or int(found[2]) < int(found[1]):
        raise ValueError("no valid Content-Range")
    return int(found[1]), None if found[3] == "*" else int(found[3])


def whole_size(headers: Mapping[str, str]) -> int | None:
    """The size of the whole, by the Content-Range of an answer that holds a part or none."""
    found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    return None if found is None or found[3] == "*" else int(found[3])
