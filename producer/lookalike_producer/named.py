"""The file that a person names: on a command line, in Python, or in a list."""

import errno
import os
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress

from lookalike.errors import ImageRejected
from lookalike.storage import local_path
from lookalike.uris import member_of, member_uri
from lookalike_producer.walk.options import composed

#: A scheme in front of a path, such as file:// or s3://.
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")

#: A file:// URL without its host (RFC 8089, 2), as Java writes it.
_WITHOUT_HOST = re.compile(r"file:(?=/[^/])", re.IGNORECASE)

#: Errors of a path that names nothing.
_NOTHING = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)


def existing(text: str, base: str) -> str | None:
    """The absolute path that exists and that `text` names, seen from the folder `base`; None if there is none.

    The text counts as it is first, but for `~`; then as a file:// URL, without spaces around it, as a shell reads it,
    and with accents written in another way.
    """
    for candidate in _readings(text):
        path = absolute(candidate, base)
        if _is_there(path):
            return path
        if (respelt := _respelt(path)) is not None:
            return respelt
    return None


def member(text: str, base: str) -> str | None:
    """The absolute path of a member of an archive that exists, such as `a.tar#1.jpg`; None if there is none."""
    named = member_of(text)
    archive = existing(named.archive, base) if named else None
    return member_uri(archive, named.name) if named and archive is not None and os.path.isfile(archive) else None


def absolute(path: str, base: str) -> str:
    """The path seen from `base`, in its shortest form. Linux takes two slashes at the start for one."""
    path = path if path.startswith("/") else f"{base}/{path}"
    if "//" in path or "/." in path or path[-1] == "/":
        # Rarely needed, and slow. The name of a member stays as it is.
        named = member_of(path)
        path = member_uri(os.path.normpath(named.archive), named.name) if named else os.path.normpath(path)
    return path[1:] if path.startswith("//") else path


def remote_scheme(text: str) -> str | None:
    """The scheme of a URL that names no local file."""
    match = SCHEME.match(text)
    return match[1] if match and match[1].lower() != "file" else None


def unquoted(text: str) -> str:
    """The text of a file:// URL, or between quotes that a shell has left."""
    if SCHEME.match(text):
        return local_path(text)
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _readings(text: str) -> Iterator[str]:
    if text.startswith("~"):
        yield os.path.expanduser(text)
    yield text
    url = _WITHOUT_HOST.sub("file://", text, count=1) if _WITHOUT_HOST.match(text) else text
    if SCHEME.match(url):
        with suppress(ImageRejected):
            yield local_path(url)
        return
    if stripped := text.strip():
        yield stripped
        with suppress(ValueError):
            if len(words := shlex.split(stripped)) == 1:
                yield os.path.expanduser(words[0])


def _is_there(path: str) -> bool:
    """Whether there is a file, or a link; an error other than its absence means that there may be one."""
    try:
        os.lstat(path)
    except ValueError:
        return False
    except OSError as error:
        return error.errno not in _NOTHING
    return True


def _respelt(path: str) -> str | None:
    """The path with each name as the disk spells it, if only the spelling of accents differs."""
    if path.isascii():
        return None
    spelt = ""
    for name in path.split("/")[1:]:
        if not _is_there(f"{spelt}/{name}"):
            found = _same_name(spelt or "/", name)
            if found is None:
                return None
            name = found
        spelt += f"/{name}"
    return spelt


def _same_name(folder: str, name: str) -> str | None:
    wanted = composed(name)
    with suppress(OSError), os.scandir(folder) as entries:
        return next((entry.name for entry in entries if composed(entry.name) == wanted), None)
    return None
