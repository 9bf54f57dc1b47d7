"""Makes good images, each with a number, and bad ones, each with the reason for which it must be rejected."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.records import Reason

#: The number of different images; further files repeat them under other URIs.
DISTINCT = 200
#: One image in this many is bad.
BAD_EVERY = 40
#: Marks the end of a poisonous file; also in `patches/sitecustomize.py`.
POISON = b"POISON:"

#: What the file does to its process -> the reason for which it is rejected.
POISONS: Mapping[str, Reason] = {
    "segmentation-fault": Reason.WORKER_KILLED,
    "abort": Reason.WORKER_KILLED,
    "hang": Reason.TIMEOUT,
}


@dataclass(frozen=True)
class Source:
    """`good`: URI -> number of the image. `bad`: URI -> reason for its rejection. `address`: what `ingest` is given, by
    default the folder; `options` come behind it."""

    folder: Path
    good: dict[str, int]
    bad: dict[str, Reason]
    address: str = ""
    options: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.good) + len(self.bad)

    def rename(self, names: Mapping[str, str], reasons: Mapping[str, Reason]) -> None:
        """The images lie elsewhere now: `names` has their new URIs, `reasons` why the bad ones are rejected there."""
        good, bad = dict(self.good), dict(reasons)
        self.good.clear()
        self.good.update({names[uri]: number for uri, number in good.items()})
        self.bad.clear()
        self.bad.update({names[uri]: reason for uri, reason in bad.items()})


def make_source(folder: Path, count: int, poisons: Mapping[str, int] | None = None, *, is_good: bool = False) -> Source:
    """Write `count` files into `folder`, one in BAD_EVERY of them bad unless `is_good`, and some of each poison."""
    folder.mkdir(parents=True)
    good: dict[str, int] = {}
    bad: dict[str, Reason] = {}
    kinds = list(BAD)
    for number in range(count):
        path = folder / f"{number:06d}.jpg"
        if number % BAD_EVERY == BAD_EVERY - 1 and not is_good:
            reason = kinds[number // BAD_EVERY % len(kinds)]
            BAD[reason](path)
            bad[str(path)] = reason
        else:
            path.write_bytes(image(number % DISTINCT))
            good[str(path)] = number % DISTINCT
    for kind, times in (poisons or {}).items():
        for number in range(times):
            path = folder / f"{kind}-{number}.jpg"
            path.write_bytes(image(number) + POISON + kind.encode())
            bad[str(path)] = POISONS[kind]
    return Source(folder, good, bad)


def spoil(source: Source) -> None:
    """Break a third of the good images, each in the next way in which a file loses its image, and change another third
    to other images."""
    for number, (uri, content) in enumerate(list(source.good.items())):
        if number % 3 == 0:
            reason = LATER_BAD[number // 3 % len(LATER_BAD)]
            Path(uri).unlink()
            BAD[reason](Path(uri))
            del source.good[uri]
            source.bad[uri] = reason
        elif number % 3 == 1:
            source.good[uri] = (content + 1) % DISTINCT
            Path(uri).write_bytes(image(source.good[uri]))


@cache
def image(number: int) -> bytes:
    """A JPEG of 64 x 64 pixels in coloured squares; the same bytes for the same number."""
    squares = np.random.RandomState(number).randint(0, 256, (4, 4, 3)).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(squares.repeat(16, axis=0).repeat(16, axis=1)).save(file, "JPEG", quality=90)
    return file.getvalue()


def _cut(path: Path) -> None:
    whole = image(0)
    path.write_bytes(whole[: len(whole) // 2])


BAD: Mapping[Reason, Callable[[Path], object]] = {
    Reason.EMPTY: lambda path: path.touch(),
    Reason.TRUNCATED: _cut,
    Reason.UNSUPPORTED: lambda path: path.write_text("not an image"),
    Reason.NOT_REGULAR: os.mkfifo,
}
#: Those for which the document of an image has to go.
LATER_BAD = (Reason.EMPTY, Reason.TRUNCATED, Reason.UNSUPPORTED)
