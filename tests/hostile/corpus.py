"""The hostile corpus: a folder with about 350 files, and the allowed outcomes of each file."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lookalike.records import Reason
from testing.images import ENCODINGS, encoded, scene
from tests.hostile.contents import DOCUMENTS, bombs, surplus
from tests.hostile.corruptions import CORRUPTIONS
from tests.hostile.places import make_specials, make_unreachable, write_long, write_named

#: An outcome is a reason for rejection, or this.
INDEXED = "indexed"
BROKEN = frozenset({Reason.TRUNCATED, Reason.CORRUPT, Reason.UNSUPPORTED, Reason.BOMB})
#: The outcomes of corruptions with one right answer. For all others, a decoder may find an image.
EXPECTED: dict[str, frozenset[str]] = {
    "huge": frozenset({Reason.BOMB}),
    "cut": frozenset({Reason.TRUNCATED}),
    "trailing_garbage": frozenset({INDEXED}),
}
#: Boxes go on to the end of the file, so garbage there is a broken box; and the pixel data have a size too.
EXCEPTIONS = {
    ("avif", "trailing_garbage"): BROKEN | {INDEXED},
    ("avif", "huge"): BROKEN,
    ("heif", "trailing_garbage"): BROKEN | {INDEXED},
    # Its header is packed in bits, so the larger size is written over what follows.
    ("jxl", "huge"): BROKEN,
}
#: Small enough for some hundred cuts at every tenth byte.
CUT_SIZE = (12, 8)
CUT_EVERY = 10
GOOD_PER_FOLDER = 3
#: Twelve megapixels, like a phone: the largest image here that is decoded.
LARGE = (4000, 3000)


@dataclass
class Corpus:
    """`expected`: path (as `os` calls take it) -> allowed outcomes. `good`: images that must be indexed in
    any case. `missing`: what could not be made on this machine."""

    root: Path
    outside: Path
    expected: dict[str, frozenset[str]] = field(default_factory=dict)
    good: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)

    def add(self, path: str | Path, *outcomes: str) -> None:
        self.expected[str(path)] = frozenset(outcomes)

    def write(self, name: str, content: bytes, outcomes: Iterable[str]) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.add(path, *outcomes)
        return path


def make_corpus(folder: Path) -> Corpus:
    """Make `folder/root`, to be ingested, and `folder/outside`, which no worker may read."""
    corpus = Corpus(folder / "root", folder / "outside")
    for made in (corpus.root, corpus.outside):
        made.mkdir(parents=True)
    for add in (_cuts, _corruptions, _bombs, _documents, _misnamed, _names, _specials, _links, _unreadable, _good):
        add(corpus)
    return corpus


def _cuts(corpus: Corpus) -> None:
    for name in ("jpeg", "png", "webp", "gif"):
        data = encoded(name, scene(*CUT_SIZE).quantize(8) if name == "gif" else scene(*CUT_SIZE))
        for end in range(CUT_EVERY, len(data), CUT_EVERY):
            # Without its last bytes only, a file may hold the whole image; a very short start shows no format.
            near_end = {INDEXED} if len(data) - end <= 2 * CUT_EVERY else set()
            outcomes = {Reason.TRUNCATED, Reason.CORRUPT} | near_end | ({Reason.UNSUPPORTED} if end < 20 else set())
            corpus.write(f"cut/{end:04d}.{name}", data[:end], outcomes)
        corpus.write(f"cut/0000.{name}", b"", {Reason.EMPTY})


def _corruptions(corpus: Corpus) -> None:
    for encoding, (kind, _) in ENCODINGS.items():
        whole = encoded(encoding)
        for corruption, broken in CORRUPTIONS.items():
            outcomes = EXCEPTIONS.get((encoding, corruption)) or EXPECTED.get(corruption) or BROKEN | {INDEXED}
            corpus.write(f"corrupt/{encoding}.{corruption}", broken(kind, whole), outcomes)


def _bombs(corpus: Corpus) -> None:
    for name, content in bombs().items():
        corpus.write(f"bombs/{name}", content, {Reason.BOMB})
    for name, content in surplus().items():
        corpus.write(f"bombs/surplus-{name}", content, {INDEXED, Reason.BOMB})
    too_large = corpus.root / "bombs" / "sparse.jpg"
    with too_large.open("wb") as file:
        file.truncate(2**30)
    corpus.add(too_large, Reason.TOO_LARGE)


def _documents(corpus: Corpus) -> None:
    for name, content in DOCUMENTS.items():
        # An archive is listed, and this one ends before its directory.
        reason = Reason.TRUNCATED if name.endswith(".zip") else Reason.UNSUPPORTED
        corpus.write(f"documents/{name}", content, {reason})


def _misnamed(corpus: Corpus) -> None:
    """The content decides, never the name."""
    for name, encoding in (("a.txt", "jpeg"), ("b.exe", "png"), ("c.jpg", "webp"), ("D.PNG", "gif"), ("e", "bmp")):
        corpus.write(f"misnamed/{name}", encoded(encoding), {INDEXED})
    corpus.write("misnamed/pdf-behind.jpg", encoded("jpeg") + DOCUMENTS["paper.pdf"], {INDEXED})


def _names(corpus: Corpus) -> None:
    for path in write_named(corpus.root / "names", encoded("jpeg")):
        corpus.add(path, INDEXED)
    for path in write_named(corpus.root / "names \x1b[7m\n broken", encoded("jpeg")[:300]):
        corpus.add(path, Reason.TRUNCATED)
    for path in write_long(corpus.root / "long", encoded("png")):
        corpus.add(path, INDEXED)
    corpus.add(make_unreachable(corpus.root / "unreachable"), Reason.NOT_FOUND)


def _specials(corpus: Corpus) -> None:
    made, missing = make_specials(corpus.root / "special")
    for path in made:
        corpus.add(path, Reason.NOT_REGULAR)
    corpus.missing += [f"device {name}" for name in missing]


def _links(corpus: Corpus) -> None:
    folder = corpus.root / "links"
    folder.mkdir()
    secret = corpus.outside / "secret.jpg"
    secret.write_bytes(encoded("jpeg"))
    inside = corpus.write("links/target.jpg", encoded("jpeg"), {INDEXED})
    targets = {
        "inside.jpg": (inside, INDEXED),
        "out.jpg": (secret, Reason.OUTSIDE_ROOT),
        "out-relative.jpg": (Path("../../outside/secret.jpg"), Reason.OUTSIDE_ROOT),
        "device.jpg": (Path("/dev/zero"), Reason.OUTSIDE_ROOT),
        "dangling.jpg": (folder / "nothing.jpg", Reason.NOT_FOUND),
        "self.jpg": (folder / "self.jpg", Reason.UNREADABLE),
        "ring-1.jpg": (folder / "ring-2.jpg", Reason.UNREADABLE),
        "ring-2.jpg": (folder / "ring-1.jpg", Reason.UNREADABLE),
    }
    for name, (target, outcome) in targets.items():
        (folder / name).symlink_to(target)
        corpus.add(folder / name, outcome)
    # Links to folders are not followed, neither into a loop nor out of the root.
    (folder / "up").symlink_to(corpus.root)
    (folder / "out").symlink_to(corpus.outside)


def _unreadable(corpus: Corpus) -> None:
    """Root can read every file: for root these are ordinary images; test_permissions.py tries another user."""
    is_root = os.geteuid() == 0
    corpus.write("closed.jpg", encoded("jpeg"), {INDEXED if is_root else Reason.UNREADABLE}).chmod(0)
    if is_root:
        return
    closed = corpus.root / "closed"
    closed.mkdir(mode=0)
    corpus.add(closed, Reason.NOT_REGULAR, Reason.UNREADABLE)


def _good(corpus: Corpus) -> None:
    """Good images in every folder, so that they share chunks with the others."""
    folders = sorted({os.path.dirname(path) for path in corpus.expected if len(os.fsencode(path)) < 1000})
    for place, folder in enumerate(path for path in folders if os.access(path, os.W_OK)):
        for number in range(GOOD_PER_FOLDER):
            name = f"good-{number}.jpg"
            content = encoded("jpeg", scene(seed=1 + place * GOOD_PER_FOLDER + number))
            corpus.good.add(str(corpus.write(os.path.join(folder, name), content, {INDEXED})))
    for name in ("jpeg", "progressive-jpeg", "png"):
        corpus.good.add(str(corpus.write(f"large/{name}", encoded(name, scene().resize(LARGE)), {INDEXED})))
