"""Size and times of a file, as its etag."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class FileTimes:
    """Size and times of a file, in nanoseconds since 1970. No program can set `changed_ns` (the inode's ctime), so a
    file for which all three are the same holds the same bytes."""

    size_bytes: int
    modified_ns: int
    changed_ns: int

    @property
    def etag(self) -> str:
        """All three as one text."""
        return f"{self.size_bytes}-{self.modified_ns}-{self.changed_ns}"

    @classmethod
    def of_etag(cls, etag: str) -> "FileTimes | None":
        """The reverse of `etag`; None for the etag of another kind of place."""
        match = re.fullmatch(r"(\d+)-(-?\d+)-(-?\d+)", etag)
        return cls(*map(int, match.groups())) if match else None
