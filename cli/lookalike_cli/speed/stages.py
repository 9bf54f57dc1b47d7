"""Measures the stages: runs the workers' pipeline in this process with a clock around each part."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial

from lookalike import factories
from lookalike.embedding import Embedder
from lookalike.errors import IndexMissing
from lookalike.index import CpuClock, Index
from lookalike.pipeline import ingest
from lookalike.records import Document, ImageRef, Rejected
from lookalike.settings import Settings
from lookalike.stage_clock import StageClock, TimedEmbed, TimedIndex
from lookalike_producer.chunks import cut

READ, FETCH, DECODE, EMBED, LOOK_UP, ENCODE, BULK = "read", "fetch", "decode", "embed", "look-up", "encode", "bulk"
#: The remaining work of a chunk: hashing and assembling documents.
REST = "rest"
#: CPU time of an OpenSearch on the same machine.
SERVER = "server"
#: In the order of the pipeline.
STAGES = (READ, FETCH, DECODE, EMBED, LOOK_UP, ENCODE, BULK, REST, SERVER)


class BenchIndex(TimedIndex):
    """A TimedIndex that also measures encoding, a part of writing; it is done twice to measure it alone."""

    def __init__(self, index: Index, clock: StageClock) -> None:
        super().__init__(index, clock, look_up=LOOK_UP, bulk=BULK)
        encode = _encoder(index)
        self._encode = clock.timed(ENCODE, encode) if encode else None

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        if self._encode is not None:
            self._encode(documents)
        return super().write(documents)


def _encoder(index: Index) -> Callable[[Sequence[Document]], bytes] | None:
    """What makes the bytes that an OpenSearch is sent; an embedded index is sent none."""
    from lookalike.index.opensearch.index import OpenSearchIndex  # imports the client

    return index.encoder() if isinstance(index, OpenSearchIndex) else None


class StageWork:
    """Runs one repeat of the stages."""

    def __init__(self, settings: Settings, embed: Embedder, server: CpuClock | None) -> None:
        self._settings = settings
        self._embed = embed
        self._server = server

    def run(self, references: Sequence[ImageRef]) -> tuple[StageClock, int]:
        """Ingest the references into the configured index and drop it; return the times and the number indexed.

        Raises what the index raises, and SourceUnavailable.
        """
        clock = StageClock()
        with closing(factories.open_index(self._settings)) as index:
            index.ensure(self._embed.identity)
            index.begin_load()
            before_s = self._server.cpu_s() if self._server else None
            indexed = self._ingest(references, index, clock)
            after_s = self._server.cpu_s() if self._server else None
            index.drop()
        if before_s is not None and after_s is not None:
            clock.cpu_s[SERVER] = after_s - before_s
        return clock, indexed

    def _ingest(self, references: Sequence[ImageRef], index: Index, clock: StageClock) -> int:
        decode = factories.decoder(self._settings, self._embed)
        ingest_chunk = partial(
            ingest,
            fetch=clock.arriving(factories.reader(self._settings).arrivals, read=READ, wait=FETCH),
            decode=clock.timed(DECODE, decode),
            embed=TimedEmbed(self._embed, clock, EMBED),
            index=BenchIndex(index, clock),
            fingerprint=self._embed.identity.fingerprint,
        )
        indexed = 0
        for chunk in cut(references, f"bench-{secrets.token_hex(4)}", self._settings.chunk_size):
            with clock.timing(REST):
                indexed += ingest_chunk(chunk).indexed
        for stage in (READ, FETCH, DECODE, EMBED, LOOK_UP, ENCODE, BULK):
            clock.take(stage, out_of=REST)
        clock.take(ENCODE, out_of=BULK)
        return indexed


def drop(settings: Settings) -> None:
    """Drop the configured index, if it exists."""
    with closing(factories.open_index(settings)) as index, suppress(IndexMissing):
        index.drop()
