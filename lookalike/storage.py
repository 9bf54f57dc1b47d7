"""Reads the files of references, under the allowed roots only."""

import errno
import math
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from lookalike.errors import ImageRejected, LookalikeError, SourceUnavailable
from lookalike.exhaustion import machine_error
from lookalike.records import FileTimes, Reason, Span
from lookalike.uris import member_of, member_uri, reads_as_part

#: With O_PATH, a folder that may be entered but not listed can be entered.
_DIRECTORY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Non-blocking, so that a FIFO in place of a file cannot hang the worker.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

#: Temporary errors: the mount or the network is away.
_AWAY = {
    getattr(errno, name, None)
    for name in (
        *("EIO", "ESTALE", "ETIMEDOUT", "ENOTCONN", "ECONNABORTED", "ECONNREFUSED", "ECONNRESET", "EHOSTDOWN"),
        *("EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ENETRESET", "ENOLINK", "EREMOTEIO", "ESHUTDOWN"),
        *("EAGAIN", "EBUSY"),
    )
}
#: Errors that concern one file; with any other errno it is unreadable.
_OF_ONE_FILE = {
    errno.ENOENT: Reason.NOT_FOUND,
    errno.ENOTDIR: Reason.NOT_FOUND,
    errno.ENAMETOOLONG: Reason.NOT_FOUND,
    errno.EISDIR: Reason.NOT_REGULAR,
    errno.ENXIO: Reason.NOT_REGULAR,
}

#: Folders of which it is remembered whether they lie under the roots.
_REMEMBERED = 1024

_EXCHANGED = "the file or a folder above it was replaced"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def local_uri(path: str | os.PathLike[str]) -> str:
    """The uri of a file: its absolute path, or `file://` and percent-encoded bytes if that is not valid UTF-8, or reads
    as a member of an archive (`a.tar#1.jpg`) or as a row of a table."""
    absolute = os.path.abspath(path)
    if absolute.startswith("//"):
        # Linux takes two slashes at the start for one, and an image has one uri.
        absolute = absolute[1:]
    return absolute if is_plain(absolute) else "file://" + quote_from_bytes(os.fsencode(absolute))


def is_plain(path: str) -> bool:
    """Whether an absolute path is the uri of its file."""
    if path.isascii():
        return not reads_as_part(path)
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return not reads_as_part(path)


def beginnings(folder: str) -> tuple[str, ...]:
    """How the uris of the files below a folder begin; `folder` has no slash at its end. Those of odd names are
    percent-encoded as a whole."""
    encoded = f"file://{quote_from_bytes(os.fsencode(folder))}/"
    return (f"{folder}/", encoded) if is_plain(f"{folder}/x") else (encoded,)


def named_uri(path: str) -> str:
    """The uri of what an absolute path names: a file; or if there is none, the member of an archive that it reads
    as."""
    member = member_of(path) if "#" in path else None
    if member is None or os.path.lexists(path):
        return local_uri(path)
    return member_uri(local_uri(member.archive), member.name)


def local_path(uri: str) -> str:
    """The path from which `local_uri` made `uri`, for `os` calls. Raises ImageRejected: `unsupported` for any scheme
    other than file, `bad_uri` for text that no path can have."""
    match = _SCHEME.match(uri)
    if match is None:
        return uri
    if match[1].lower() != "file":
        # The rest of the uri may contain credentials and must not be in the message.
        raise ImageRejected(Reason.UNSUPPORTED, f"{match[1]}:// is not supported; only local files are read")
    path = uri[match.end() :]
    if path[:10].lower() == "localhost/":
        # This machine (RFC 8089, 2).
        path = path[9:]
    try:
        return os.fsdecode(unquote_to_bytes(os.fsencode(path)))
    except UnicodeEncodeError as error:
        raise ImageRejected(Reason.BAD_URI, "the address is not valid Unicode") from error


def canonical_uri(uri: str) -> str:
    """The uri as `local_uri` makes it, if it is a `file://` URL, or a member of an archive that one names; any other
    uri as it is."""
    if "#" in uri and (member := member_of(uri)):
        return member_uri(canonical_uri(member.archive), member.name)
    match = _SCHEME.match(uri)
    if match is None or match[1].lower() != "file":
        return uri
    path = local_path(uri)
    return local_uri(path) if os.path.isabs(path) else uri


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
            return _times(status)

    @contextmanager
    def _errors(self, path: str, uri: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._translated(error, path, uri) from error
        except ValueError as error:
            raise ImageRejected(Reason.NOT_FOUND, f"no file can have this name: {error}") from error

    def look(self, uri: str) -> FileTimes | None:
        """Size and times of the file, without reading it; None if there is no file, if it does not lie under the roots,
        or if nobody can tell."""
        try:
            status = self._status(local_path(uri))
        except (OSError, ValueError, ImageRejected):
            return None
        return _times(status) if status and stat.S_ISREG(status.st_mode) else None

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
        resolved = _resolved(path, strict=False)
        return any(resolved.is_relative_to(root) for root in self.roots)

    def _limit(self, of_any_size: bool) -> float:
        return math.inf if of_any_size else self.max_bytes

    def _read(self, path: str, span: Span | None) -> tuple[bytes, FileTimes]:
        limit = self._limit(of_any_size=span is not None)
        with open(self._open(path, limit), "rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            self._check(before, limit)
            if span is None:
                content, size = _content(file.fileno(), before.st_size), before.st_size
            else:
                content, size = self._part(file.fileno(), before.st_size, span)
            if _version(os.fstat(file.fileno())) != _version(before) or len(content) != size:
                raise ImageRejected(Reason.CHANGED, "the file changed while it was read")
            return content, _times(before)

    def _part(self, descriptor: int, file_size: int, span: Span) -> tuple[bytes, int]:
        """A span of a file, and how long it is: it ends with the file at the latest."""
        length = max(0, min(span.length, file_size - span.start))
        os.lseek(descriptor, min(span.start, file_size), os.SEEK_SET)
        return _content(descriptor, length, beyond=0), length

    def _open(self, path: str, limit: float) -> int:
        if "\0" in path or not os.path.isabs(path):
            raise ImageRejected(Reason.OUTSIDE_ROOT, "not an absolute path")
        try:
            resolved = _resolved(path)
        except OSError:
            # Outside the roots, nobody may learn whether there is a file.
            self._root_of(_resolved(path, strict=False))
            raise
        root = self._root_of(resolved)
        # Opening a device can do harm, so the type is checked before, and again after opening.
        self._check(os.stat(resolved, follow_symlinks=False), limit)
        return _open_beneath(root, resolved.relative_to(root).parts)

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
            raise ImageRejected(Reason.CHANGED, _EXCHANGED)
        if not stat.S_ISREG(status.st_mode):
            advice = "; its images need a source of their own" if stat.S_ISDIR(status.st_mode) else ""
            raise ImageRejected(Reason.NOT_REGULAR, f"not a file but {kind_of_file(status.st_mode)}{advice}")
        if status.st_size == 0:
            raise ImageRejected(Reason.EMPTY, "0 bytes")
        if status.st_size > limit:
            raise ImageRejected(Reason.TOO_LARGE, f"{status.st_size} bytes; at most {limit} are read")

    def _translated(self, error: OSError, path: str, uri: str) -> LookalikeError:
        """Our error for an OSError. A missing root is an absent mount: its images are not lost."""
        if exhausted := machine_error(error):
            return exhausted
        why = error.strerror or str(error)
        missing = [root for root in self.roots if Path(path).is_relative_to(root) and _is_missing(root)]
        if missing:
            return SourceUnavailable(str(missing[0]), "the folder is missing")
        if error.errno == errno.EIO and _answers(os.path.dirname(path)):
            return ImageRejected(Reason.UNREADABLE, why)
        if error.errno is not None and error.errno in _AWAY:
            return SourceUnavailable(uri, why)
        return ImageRejected(reason_of(error), why)


def _times(status: os.stat_result) -> FileTimes:
    return FileTimes(status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def reason_of(error: OSError) -> Reason:
    """The reason with which a path is rejected that cannot be read."""
    return _OF_ONE_FILE.get(error.errno or 0, Reason.UNREADABLE)


def _resolved(path: str, *, strict: bool = True) -> Path:
    try:
        return Path(os.path.realpath("/" + path.lstrip("/"), strict=strict))
    except OSError as error:
        # The path was a symlink when it was examined, but not when it was followed.
        if error.errno == errno.EINVAL:
            raise ImageRejected(Reason.CHANGED, _EXCHANGED) from error
        raise


def _open_beneath(root: Path, parts: tuple[str, ...]) -> int:
    """Open `root/parts` folder by folder without following symlinks. The path is resolved already, so a symlink was put
    there meanwhile and might lead out of the root."""
    folder = os.open(root, _DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], _FILE, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise ImageRejected(Reason.CHANGED, _EXCHANGED) from error
        raise
    finally:
        os.close(folder)


def _content(descriptor: int, size: int, beyond: int = 1) -> bytes:
    """Up to one byte more than `size`, to detect growth; a network mount may return fewer bytes per call."""
    pieces: list[bytes] = []
    left = size + beyond
    while left and (piece := os.read(descriptor, left)):
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _version(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def _answers(folder: str) -> bool:
    """Whether the file system of a folder answers: a bad sector affects one file, an absent mount all files. Uses
    statvfs, which a network file system does not answer from its cache."""
    try:
        os.statvfs(folder)
    except OSError:
        return False
    return True


def _is_missing(folder: Path) -> bool:
    """Whether a folder is missing; unlike with `Path.exists`, one without permission is not missing."""
    try:
        os.stat(folder)
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def kind_of_file(mode: int) -> str:
    """What is there in place of a file, for a message."""
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
