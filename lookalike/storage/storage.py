"""Reads the files of references, under the allowed roots only."""

import math
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from lookalike.errors import ImageRejected
from lookalike.records import FileTimes, Reason, Span
from lookalike.storage.failures import translated
from lookalike.storage.files import (
    EXCHANGED,
    content_of,
    kind_of_file,
    open_beneath,
    resolved_path,
    times_of,
    version_of,
)
from lookalike.storage.local_uris import local_path

#: Folders of which it is remembered whether they lie under the roots.
_REMEMBERED = 1024


class Storage:
    """Reads whole files of at most `max_bytes` that lie under one of `roots`, after following symlinks."""

    def __init__(self, roots: Iterable[Path], max_bytes: int) -> None:
        self.roots = tuple(root.resolve() for root in roots)
        self.max_bytes = max_bytes
        self._is_inside = lru_cache(_REMEMBERED)(self._lies_inside)

    def read(self, uri: str) -> bytes:
        """The file's bytes. A file that changes meanwhile is read once more.

        Raises ImageRejected (unsupported, outside_root, not_found, not_regular, empty, too_large, unreadable,
        changed), SourceUnavailable when the place it lies in is away, or MachineExhausted.
        """
        return self.content(uri)[0]

    def content(self, uri: str, span: Span | None = None) -> tuple[bytes, FileTimes]:
        """The file's bytes, or `span` of them, and size and times of this very file. A span ends with the file at the
        latest, and is not limited by `max_bytes`. Raises as `read` does."""
        path = local_path(uri)
        with self._errors(path, uri):
            try:
                return self._read(path, span)
            except ImageRejected as rejected:
                if rejected.reason is not Reason.CHANGED:
                    raise
                return self._read(path, span)

    def times(self, uri: str, *, of_any_size: bool = False) -> FileTimes:
        """Size and times of a file that `read` would read; with `of_any_size`, also of one that is too large, such as
        an archive. Raises as `read` does."""
        path = local_path(uri)
        with self._errors(path, uri), open(self._open(path, self._limit(of_any_size)), "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            self._check(status, self._limit(of_any_size))
            return times_of(status)

    @contextmanager
    def _errors(self, path: str, uri: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise translated(error, path, uri, self.roots) from error
        except ValueError as error:
            raise ImageRejected(Reason.NOT_FOUND, f"no file can have this name: {error}") from error

    def look(self, uri: str) -> FileTimes | None:
        """Size and times of the file, without reading it; None if there is no file, if it does not lie under the roots,
        or if nobody can tell."""
        try:
            status = self._status(local_path(uri))
        except (OSError, ValueError, ImageRejected):
            return None
        return times_of(status) if status and stat.S_ISREG(status.st_mode) else None

    def _status(self, path: str) -> os.stat_result | None:
        if not self._is_inside(os.path.dirname(path)):
            return None
        status = os.stat(path, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            return status
        return os.stat(path) if self._lies_inside(path) else None

    def _lies_inside(self, path: str) -> bool:
        if not os.path.isabs(path):
            return False
        resolved = resolved_path(path, strict=False)
        return any(resolved.is_relative_to(root) for root in self.roots)

    def _limit(self, of_any_size: bool) -> float:
        return math.inf if of_any_size else self.max_bytes

    def _read(self, path: str, span: Span | None) -> tuple[bytes, FileTimes]:
        limit = self._limit(of_any_size=span is not None)
        with open(self._open(path, limit), "rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            self._check(before, limit)
            if span is None:
                content, size = content_of(file.fileno(), before.st_size), before.st_size
            else:
                content, size = self._part(file.fileno(), before.st_size, span)
            if version_of(os.fstat(file.fileno())) != version_of(before) or len(content) != size:
                raise ImageRejected(Reason.CHANGED, "the file changed while it was read")
            return content, times_of(before)

    def _part(self, descriptor: int, file_size: int, span: Span) -> tuple[bytes, int]:
        """A span of a file, and how long it is: it ends with the file at the latest."""
        length = max(0, min(span.length, file_size - span.start))
        os.lseek(descriptor, min(span.start, file_size), os.SEEK_SET)
        return content_of(descriptor, length, beyond=0), length

    def _open(self, path: str, limit: float) -> int:
        if "\0" in path or not os.path.isabs(path):
            raise ImageRejected(Reason.OUTSIDE_ROOT, "not an absolute path")
        try:
            resolved = resolved_path(path)
        except OSError:
            # Outside the roots, nobody may learn whether there is a file.
            self._root_of(resolved_path(path, strict=False))
            raise
        root = self._root_of(resolved)
        # Opening a device can do harm, so the type is checked before, and again after opening.
        self._check(os.stat(resolved, follow_symlinks=False), limit)
        return open_beneath(root, resolved.relative_to(root).parts)

    def _root_of(self, resolved: Path) -> Path:
        root = next((root for root in self.roots if resolved.is_relative_to(root)), None)
        if root is None:
            known = ", ".join(map(str, self.roots))
            no_files = "LOOKALIKE_ROOTS of the workers names no folder, so they read no files"
            detail = f"it is not under any of: {known} (LOOKALIKE_ROOTS)" if known else no_files
            raise ImageRejected(Reason.OUTSIDE_ROOT, detail)
        return root

    def _check(self, status: os.stat_result, limit: float) -> None:
        if stat.S_ISLNK(status.st_mode):
            raise ImageRejected(Reason.CHANGED, EXCHANGED)
        if not stat.S_ISREG(status.st_mode):
            advice = "; its images need a source of their own" if stat.S_ISDIR(status.st_mode) else ""
            raise ImageRejected(Reason.NOT_REGULAR, f"not a file but {kind_of_file(status.st_mode)}{advice}")
        if status.st_size == 0:
            raise ImageRejected(Reason.EMPTY, "0 bytes")
        if status.st_size > limit:
            raise ImageRejected(Reason.TOO_LARGE, f"{status.st_size} bytes; at most {limit} are read")
