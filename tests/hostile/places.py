"""Writes files with hostile names and of hostile kinds into a folder."""

import contextlib
import os
import stat
from pathlib import Path

#: The longest name of one file, in bytes (Linux's NAME_MAX).
NAME_MAX = 255
#: The longest path that can be opened, in bytes, without the closing null (Linux's PATH_MAX less one).
PATH_MAX = 4095

#: Names that have broken a terminal, a log, a shell, a JSON writer or a URL before.
NAMES = (
    b"line\nfeed.jpg",
    b"carriage\rreturn.jpg",
    b"tab\tand bell\a.jpg",
    b"\x1b[31mred\x1b[2J.jpg",
    b"\x1b]0;another title\x07.jpg",
    b"delete\x7f.jpg",
    "c1\x9b31m.jpg".encode(),
    "right\u202egpj.exe".encode(),
    "zero\u200bwidth.jpg".encode(),
    "emoji \U0001f3ad\U0001f469\u200d\U0001f680.jpg".encode(),
    "e\u0301 decomposed.jpg".encode(),
    "\xe9 composed.jpg".encode(),
    b"latin caf\xe9.jpg",
    b"\xff\xfe bom.jpg",
    b"surrogate \xed\xa0\x80.jpg",
    b"overlong \xc0\xaf.jpg",
    b"%2e%2e%2fpercent.jpg",
    b"file:..jpg",
    b"-rf.jpg",
    b"[bold]markup[red].jpg",
    b"$(touch gotcha);`id`.jpg",
    b"*?[a-z]{x}.jpg",
    b"back\\slash.jpg",
    b"quote\"'.jpg",
    b" spaces around ",
    b"no suffix",
    b"trailing dot.",
    b"~",
)


def write_named(folder: Path, content: bytes) -> list[str]:
    """Write a file of each name; returns the paths as `os` calls take them."""
    folder.mkdir()
    paths = [os.path.join(folder, os.fsdecode(name)) for name in NAMES]
    for path in paths:
        Path(path).write_bytes(content)
    return paths


def write_long(folder: Path, content: bytes) -> list[str]:
    """Write files with the longest name, in one-byte and in four-byte characters, and with the longest path."""
    folder.mkdir()
    paths = [folder / ("a" * NAME_MAX), folder / ("\U0001f3ad" * (NAME_MAX // 4))]
    deep = folder
    while (left := PATH_MAX - len(os.fsencode(deep)) - 1) > NAME_MAX:
        deep = deep / ("d" * min(200, left - 2))
    deep.mkdir(parents=True)
    paths.append(deep / ("p" * left))
    for path in paths:
        path.write_bytes(content)
    assert len(os.fsencode(paths[-1])) == PATH_MAX
    return [str(path) for path in paths]


def make_unreachable(folder: Path) -> str:
    """Make a folder whose path is too long for any call, with a file in it; returns the path of the folder."""
    folder.mkdir()
    path, descriptor = str(folder), os.open(folder, os.O_RDONLY)
    while len(path) <= PATH_MAX:
        name = "u" * 200
        os.mkdir(name, dir_fd=descriptor)
        inner = os.open(name, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        path, descriptor = f"{path}/{name}", inner
    os.close(os.open("file.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor))
    os.close(descriptor)
    return path


def make_specials(folder: Path) -> tuple[list[str], list[str]]:
    """Make a FIFO, a socket and devices; returns their paths, and the names that could not be made here."""
    folder.mkdir()
    kinds = {
        "fifo.jpg": (stat.S_IFIFO, 0),
        "socket.jpg": (stat.S_IFSOCK, 0),
        "zero.jpg": (stat.S_IFCHR, os.makedev(1, 5)),
        "terminal.jpg": (stat.S_IFCHR, os.makedev(5, 0)),
        "disk.jpg": (stat.S_IFBLK, os.makedev(7, 0)),
    }
    made: list[str] = []
    for name, (kind, device) in kinds.items():
        with contextlib.suppress(PermissionError):
            os.mknod(folder / name, kind | 0o600, device)
            made.append(str(folder / name))
    return made, [name for name in kinds if str(folder / name) not in made]
