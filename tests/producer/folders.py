"""Folders for tests of walks."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lookalike_producer.sources import find_images
from lookalike_producer.walk.options import USUAL, WalkOptions

NOBODY = 65534


def write(folder: Path, *names: str) -> Path:
    """Write a file of each name; returns the folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def write_deep(folder: Path, depth: int) -> str:
    """Nest `depth` folders, with a file in the last one; returns its path, which may be too long for a call."""
    folder.mkdir(parents=True)
    path, descriptor = str(folder), os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        path, descriptor = f"{path}/d", inner
    os.close(os.open("deep.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor))
    os.close(descriptor)
    return f"{path}/deep.jpg"


def found(folder: Path, *sources: object, options: WalkOptions = USUAL) -> list[str]:
    """The names of the images that a walk finds, from the folder, in order."""
    return below(
        folder, (ref.uri for ref in find_images([str(source) for source in sources or (folder,)], options=options))
    )


def below(folder: Path, uris: Iterable[str]) -> list[str]:
    return sorted(uri.removeprefix(f"{folder}/") for uri in uris)


@contextmanager
def unprivileged(folder: str) -> Iterator[None]:
    """As a user who may not read everything, and who owns the folder."""
    user = os.geteuid()
    if user == 0:
        os.chown(folder, NOBODY, -1)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
