"""The cost of the ledger: the same chunks through the same pipeline, with and without calls to the ledger."""

import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.table import print_rates
from lookalike import factories
from lookalike.embedding import Embedder
from lookalike.index import Index
from lookalike.ledger import Ledger
from lookalike.pipeline import ingest
from lookalike.records import Chunk, Outcome
from lookalike.samples import draw_samples
from lookalike.settings import Settings, read_settings
from lookalike_producer.chunks import cut
from lookalike_producer.sources import find_images
from lookalike_worker.lease import keep_lease
from testing.services.redis import RedisServer

ROUNDS = 5
CHUNK_SIZE = 64


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, RedisServer() as server:
        images = Path(folder) / "images"
        draw_samples(images)
        settings = read_settings(home=Path(folder) / "home")
        embed = factories.embedder(settings, factories.model_spec(settings))
        ledger = Ledger(server.url)
        rates: dict[str, list[float]] = {"without ledger": [], "with ledger": []}
        for number in range(ROUNDS):
            for name, kept in (("without ledger", None), ("with ledger", ledger)):
                index = factories.open_index(settings, f"{name.replace(' ', '-')}-{number}")
                rates[name].append(_rate(images, embed, index, kept, settings))
    print_rates(f"Chunks of {CHUNK_SIZE} through one process", "images/s", rates, baseline="without ledger")


def _rate(folder: Path, embed: Embedder, index: Index, ledger: Ledger | None, settings: Settings) -> float:
    """Images per second when all images go into an empty index."""
    index.ensure(embed.identity)
    job_id = "job"
    if ledger:
        job_id = ledger.open_job(source="s", index=index.name, index_address="", model=embed.identity, spec="{}")
    began = time.perf_counter()
    images = 0
    for chunk in cut(find_images([str(folder)]), job_id, CHUNK_SIZE):
        images += len(chunk.refs)
        _work(chunk, embed, index, ledger, settings)
    return images / (time.perf_counter() - began)


def _work(chunk: Chunk, embed: Embedder, index: Index, ledger: Ledger | None, settings: Settings) -> None:
    """Ingest a chunk, with or without the ledger calls that the producer and the worker make for it."""
    if ledger is None:
        _ingest(chunk, embed, index, settings)
        return
    ledger.open_chunk(chunk)
    ledger.job(chunk.job)
    claimed = ledger.claim(chunk.id)
    assert claimed is not None
    with keep_lease(ledger, chunk.id):
        outcome = _ingest(claimed[0], embed, index, settings)
        ledger.close_chunk(chunk, outcome)


def _ingest(chunk: Chunk, embed: Embedder, index: Index, settings: Settings) -> Outcome:
    return ingest(
        chunk,
        fetch=factories.reader(settings).arrivals,
        decode=partial(factories.decode, settings, **embed.frame._asdict()),
        embed=embed,
        index=index,
        fingerprint=embed.identity.fingerprint,
    )
