"""A real query service over drawn pictures and a few jobs. Imports nothing of browsers."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from lookalike import embedding, factories
from lookalike.ledger import Ledger
from lookalike.metadata import FieldType
from lookalike.pipeline import ingest
from lookalike.reading import local
from lookalike.reading.contract import State
from lookalike.records import Chunk, ImageRef, Metadata, ModelIdentity
from lookalike.samples import Sample, keep
from lookalike.settings import Settings
from lookalike.storage import Storage
from testing.processes import LOOKALIKE, ROOT, await_true
from testing.services.ports import free_port
from testing.services.process import ServerProcess

LABELS = ("citrus", "flowers", "hot-air-balloons", "mountains-at-dusk", "night-city", "rings")
PER_CLASS = 4
#: Two classes that the model separates with any precision: for the queries of either, and for the mean of both, every
#: picture of the class scores at least 0.16 more than any picture of a third class, in float32 and in bfloat16.
DISTINCT = ("mountains-at-dusk", "night-city")
SEED = 7
#: The queries are drawn from another seed than the stored pictures.
QUERY_SEED = 2026
#: Hostile names: one would run as a script, one reverses the text after it.
HOSTILE_LABEL = "<img src=x onerror=document.title='taken'>"
HOSTILE_NAME = "<b onclick=alert(1)>\u202egpj.exe.jpg"
READY_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Stage:
    """A running service, its stored pictures, and pictures to search with."""

    url: str
    pictures: Path
    queries: Path

    @property
    def stored(self) -> int:
        return sum(path.is_file() and path.parent.name != "broken" for path in self.pictures.rglob("*"))

    def found_by(self, picture: Path, k: int = 24) -> list[str]:
        """The uris that the service itself finds for a picture, best first."""
        with urlopen(Request(f"{self.url}search?k={k}", picture.read_bytes()), timeout=READY_TIMEOUT_S) as answer:
            return [match["uri"] for match in json.load(answer)["matches"]]

    def asked(self, *examples: dict[str, Any], **options: Any) -> list[str]:
        """The uris that the service itself finds for examples, in its order."""
        return [match["uri"] for match in self.matches(*examples, **options)]

    def matches(self, *examples: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
        """What the service itself finds for examples."""
        body = json.dumps({"examples": examples, "k": 24, **options}).encode()
        request = Request(f"{self.url}search", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=READY_TIMEOUT_S) as answer:
            found: list[dict[str, Any]] = json.load(answer)["matches"]
        return found

    def query(self, label: str) -> Path:
        return next((self.queries / label).iterdir())

    def id_of(self, label: str) -> str:
        """The id of the first stored picture of a class."""
        return ImageRef(str(min((self.pictures / label).iterdir()))).id


def draw(folder: Path, labels: tuple[str, ...] = LABELS, per_class: int = PER_CLASS) -> tuple[Path, Path]:
    """Folders of stored pictures and of queries."""
    pictures, queries = folder / "pictures", folder / "queries"
    for label in labels:
        for number in range(per_class):
            sample = Sample(label, number, SEED)
            keep(sample, pictures / sample.path)
        query = Sample(label, 0, QUERY_SEED)
        keep(query, queries / query.path)
    return pictures, queries


def spoil(pictures: Path) -> None:
    """Add a picture with a hostile name and label, and two files that are not pictures."""
    for folder in (HOSTILE_LABEL, "broken"):
        (pictures / folder).mkdir()
    keep(Sample("stripes", 0, SEED), pictures / HOSTILE_LABEL / HOSTILE_NAME)
    (pictures / "broken" / "empty.jpg").touch()
    (pictures / "broken" / HOSTILE_NAME).write_text("not a picture")


def settle(changed: Mapping[Path, float]) -> None:
    """Say of each file when it was changed, and wait until an ingest keeps size and time: it does not of a file that
    has just been written."""
    for path, moment in changed.items():
        os.utime(path, (moment, moment))
    await_true(lambda: all(state(path).etag for path in changed))


def state(path: Path) -> State:
    return local.state(Storage(roots=(path.parent,), max_bytes=2**30), str(path))


def metadata(path: Path, number: int) -> Metadata:
    """Of the image with this number: its folder, and fields of other types."""
    return {"folder": path.parent.name, "number": number, "is_even": number % 2 == 0, "tags": ["all", f"t{number % 3}"]}


Described = Callable[[Path, int], Metadata]


def fill(
    settings: Settings,
    broker_url: str,
    pictures: Path,
    described: Described = metadata,
    fields: Mapping[str, FieldType] | None = None,
) -> None:
    """Ingest the pictures as a worker does, in a job of the ledger. `fields`: those that are declared before."""
    spec = factories.model_spec(settings)
    embed = factories.embedder(settings, spec, threads=settings.processes)
    index = factories.open_index(settings)
    index.ensure(embed.identity)
    index.declare(fields or {})
    ledger = Ledger(broker_url)
    chunk = _recorded(ledger, settings, embed.identity, pictures, described)
    outcome = ingest(
        chunk,
        fetch=factories.reader(settings).arrivals,
        decode=partial(factories.decode, settings),
        embed=embed,
        index=index,
        fingerprint=embed.identity.fingerprint,
    )
    ledger.close_chunk(chunk, outcome)
    ledger.drain(chunk.job)
    index.end_load()
    index.close()
    ledger.finish(chunk.job)
    ledger.close()


def leave_running(settings: Settings, broker_url: str, pictures: Path) -> None:
    """Open a job whose only chunk waits for a worker forever."""
    identity = embedding.identify(factories.model_spec(settings), settings.home)
    ledger = Ledger(broker_url)
    ledger.drain(_recorded(ledger, settings, identity, pictures).job)
    ledger.close()


def _recorded(
    ledger: Ledger, settings: Settings, identity: ModelIdentity, pictures: Path, described: Described = metadata
) -> Chunk:
    paths = sorted(path for path in pictures.rglob("*") if path.is_file())
    refs = tuple(ImageRef(str(path), path.parent.name, described(path, number)) for number, path in enumerate(paths))
    job_id = ledger.open_job(
        source=str(pictures),
        index=settings.index,
        index_address=settings.index_address,
        model=identity,
        spec=factories.model_spec(settings).to_json(),
    )
    chunk = Chunk(f"{job_id}/000000", job_id, refs)
    ledger.open_chunk(chunk)
    return chunk


@contextmanager
def serving(
    settings: Settings, broker_url: str, folder: Path, api_key: str = "", log_format: str = "text"
) -> Iterator[str]:
    """Run `lookalike serve` on a free port; yields its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    chosen = {
        "LOOKALIKE_HOME": str(settings.home),
        "LOOKALIKE_INDEX_URL": settings.index_location,
        "LOOKALIKE_BROKER_URL": broker_url,
        "LOOKALIKE_API_KEY": api_key,
        "LOOKALIKE_LOG_FORMAT": log_format,
        "LOOKALIKE_PRECISION": settings.precision,
        "LOOKALIKE_MODEL": settings.model,
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
    }
    variables = [f"{name}={value}" for name, value in chosen.items()]
    server = ServerProcess(["/usr/bin/env", *variables, *LOOKALIKE, "serve", "--port", str(port)], folder)
    try:
        server.await_ready(lambda: answers(url + "health/live"), READY_TIMEOUT_S)
        yield url
    finally:
        server.stop()


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=READY_TIMEOUT_S) as answer:
            return bool(answer.status == 200)
    except URLError:
        return False
