"""Whatever happens to files, index and ledger agree after every job and sync: a random walk with real services."""

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import ImageRejected
from lookalike.images import DecodedImage
from lookalike.index import Index, open_index
from lookalike.ledger import Ledger, place_of
from lookalike.pipeline import ingest
from lookalike.reading.reader import Reader
from lookalike.records import Chunk, ImageRef, Metric, ModelIdentity, Pixels, Reason, Rejection, Vectors, document_id
from lookalike.remembered import Remembered
from lookalike.settings import read_settings
from lookalike_producer.comparison import compare
from lookalike_producer.diff import Diff
from lookalike_producer.examiner import Files
from lookalike_producer.finding import Finding, SyncStatus
from lookalike_producer.part import Whole
from lookalike_producer.rejection_records import RejectionRecords
from lookalike_producer.scope import scopes
from testing.services.web import WebServer

MODEL = ModelIdentity(name="m", fingerprint="f", dimension=4, metric=Metric.COSINE)
PLACE = place_of("lancedb:///i", "images-v1")
NAMES = tuple(f"{number}.jpg" for number in range(5))
STEPS = 25


def decode(data: bytes) -> DecodedImage:
    if not data.startswith(b"good"):
        raise ImageRejected(Reason.CORRUPT, "broken")
    return DecodedImage(np.frombuffer(data.ljust(12)[:12], np.uint8).reshape(2, 2, 3), 2, 2)


def embed(pixels: Pixels) -> Vectors:
    return pixels.reshape(len(pixels), -1)[:, :4].astype(np.float32)


def rules(reason: Reason) -> str:
    return "1"


@dataclass
class World:
    """A folder of images that a list names, an index and a ledger. With a `server`, the list has its addresses."""

    folder: Path
    index: Index
    ledger: Ledger
    chance: random.Random
    server: WebServer | None = None
    labels: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NAMES, "a"))
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        roots = (self.base,) if "://" in self.base else (self.folder,)
        settings = read_settings(home=self.folder.parent, roots=roots, max_image_bytes=100, respect_robots=False)
        self.reader = Reader(settings)

    @property
    def base(self) -> str:
        """Where the images are, for whoever reads them."""
        return f"{self.server.url}/" if self.server else f"{self.folder}/"

    def refs(self) -> list[ImageRef]:
        return [ImageRef(self.base + name, self.labels[name]) for name in NAMES]

    def change(self) -> None:
        """Let something happen to one image."""
        name = self.chance.choice(NAMES)
        path = self.folder / name
        kinds = ("good", "broken", "empty", "too large", "gone", "folder", "touched", "label", "deleted")
        kind = self.chance.choice(kinds)
        if kind == "label":
            self.labels[name] = self.chance.choice("ab")
        elif kind == "deleted":
            self.index.delete([document_id(self.base + name)])
        elif kind == "touched":
            if path.is_file():
                os.utime(path)
        else:
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
            content = {"good": b"good", "broken": b"bad", "empty": b"", "too large": b"x" * 200}.get(kind)
            if kind == "folder":
                path.mkdir()
            elif content is not None:
                path.write_bytes(content + (str(next(self.numbers)).encode() if content else b""))

    def job(self, refs: Sequence[ImageRef], *, tries_again: bool = False) -> None:
        """A job of one chunk, with the steps of a worker."""
        job_id = self.ledger.open_job(
            source="s", index="images", index_address="lancedb:///i", model=MODEL, spec="{}", version="images-v1"
        )
        chunk = Chunk(f"{job_id}/000000", job_id, tuple(refs))
        self.ledger.open_chunk(chunk)
        earlier = self.ledger.earlier(PLACE, [ref.uri for ref in refs])
        outcome = ingest(
            chunk,
            fetch=self.reader.arrivals,
            decode=decode,
            embed=embed,
            index=self.index,
            fingerprint="f",
            remembered=Remembered(earlier, look=self.reader.look, rules=rules, tries_again=tries_again),
        )
        self.ledger.close_chunk(chunk, outcome, place=PLACE)
        assert self.ledger.drain(job_id)
        self.ledger.finish(job_id)

    def compared(self, diff: Diff | None = None) -> list[Finding]:
        files = Files(self.reader.fetch, self.reader.state, self.reader.look, rules)
        records = RejectionRecords(lambda: closing(Ledger(self.url)), PLACE)
        on_leftover = diff.add_leftover if diff else (lambda uri: None)
        return list(
            compare(
                self.refs(),
                Whole(scopes([], [self.base])),
                index=self.index,
                files=files,
                records=records,
                fingerprint="f",
                on_leftover=on_leftover,
            )
        )

    url: str = ""

    def sync(self, *, delete: bool) -> None:
        """The steps of a sync."""
        with closing(Diff(deletes=delete)) as diff:
            diff.collect(self.compared(diff))
            for id, uri in diff.orphans() if delete else ():
                self.index.delete([id])
                self.ledger.forget(PLACE, [uri])
            for uris in diff.leftovers(10):
                self.ledger.forget(PLACE, uris)
            if refs := list(diff.references()):
                self.job(refs)

    def check(self, *, settles: bool) -> None:
        """Each image is a document of its file, or one record; a record about access may keep a document."""
        records = self.ledger.earlier(PLACE, [ref.uri for ref in self.refs()])
        lists = [item for job in self.ledger.jobs(limit=0) for item in self.ledger.rejected(job.id)]
        assert sorted(item.uri for item in lists) == sorted(records) == sorted(self.ledger.recorded(PLACE))
        stored = self.index.stored([ref.id for ref in self.refs()])
        statuses = {finding.uri: finding.status for finding in self.compared()}
        for ref in self.refs():
            is_fresh = ref.uri not in records
            assert (ref.id in stored) == (is_fresh or records[ref.uri].rejected.kept), ref
            assert is_fresh or _is_consistent(records[ref.uri]), ref
            expected = {SyncStatus.PRESENT} if is_fresh else {SyncStatus.REJECTED, SyncStatus.ORPHANED}
            assert statuses[ref.uri] in (expected - {SyncStatus.ORPHANED} if settles else expected), ref


def _is_consistent(rejection: Rejection) -> bool:
    return not (rejection.rejected.reason.is_about_content and rejection.rejected.kept)


@pytest.fixture
def world(tmp_path: Path, redis_url: str, request: pytest.FixtureRequest) -> Iterator[World]:
    place, seed = request.param
    (tmp_path / "images").mkdir()
    with ExitStack() as ending:
        index = ending.enter_context(closing(open_index(f"lancedb://{tmp_path}/index", "images")))
        ledger = ending.enter_context(closing(Ledger(redis_url)))
        server = ending.enter_context(WebServer()) if place == "host" else None
        if server is not None:
            server.serve(tmp_path / "images")
        index.ensure(MODEL)
        made = World(tmp_path / "images", index, ledger, random.Random(seed), server, url=redis_url)
        ending.callback(made.reader.close)
        yield made


@pytest.mark.parametrize("world", [("folder", 1), ("folder", 5), ("host", 1), ("host", 5)], indirect=True)
def test_index_ledger_and_comparison_agree_after_every_job_and_sync(world: World) -> None:
    for _ in range(STEPS):
        for _ in range(world.chance.randint(0, 3)):
            world.change()
        step = world.chance.choice(("ingest", "retry", "sync", "sync --delete"))
        if step in ("ingest", "retry"):
            world.job(world.refs(), tries_again=step == "retry")
        else:
            world.sync(delete=step == "sync --delete")
        world.check(settles=step == "sync --delete")
