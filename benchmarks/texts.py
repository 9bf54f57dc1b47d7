"""Searches by text with a small pair of encoders: what they find, and how long they take among many vectors.

The pair is trained on drawings here, in seconds. Larger ones take longer for a text: this measures all the rest.
"""

import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles

import numpy as np

from benchmarks.ours import LOOKALIKE, environment, ingest
from benchmarks.program import Program
from benchmarks.table import console
from benchmarks.vectors import await_merged, fill
from lookalike import factories
from lookalike.embedding import TextEncoder
from lookalike.embedding.specs.applications import DEMO_PAIR
from lookalike.embedding.specs.spec import IMAGE_SIZE
from lookalike.index import open_index
from lookalike.queries.mixing import NEGATIVE_SHARE
from lookalike.samples import PAINTERS, draw_samples
from lookalike.settings import Settings, read_settings
from testing.services.opensearch import OpenSearchServer
from testing.services.ports import free_port
from testing.text_pair.captions import COLOURS, FORMS, caption
from testing.text_pair.held_back import Decoded, HeldBack, decoded, hits
from testing.text_pair.training import drawings, write_pair

VECTORS = int(os.environ.get("LOOKALIKE_VECTORS", "100000"))
HEAP_MIB = 2048
PER_CLASS = 25
#: How much of a negative example counts: none, what a search takes (NEGATIVE_SHARE), more, and all of it.
SHARES = (0, NEGATIVE_SHARE, 0.7, 1)
#: Drawings of a class in a colour: with fewer, leaving them out changes little.
FEW = 5
INDEX = "texts"
K = 10
#: What the client measures, beside the stages.
CLIENT = "client"


def main() -> None:
    with (
        OpenSearchServer(HEAP_MIB) as server,
        tempfile.TemporaryDirectory() as folder,
        environment(Path(folder, "home"), server.url),
    ):
        began = time.perf_counter()
        pair = write_pair(Path(folder, "pair"), drawings())
        console.print(f"trained in {time.perf_counter() - began:.1f} s")
        settings = read_settings(model=str(pair))
        drawn = decoded(settings, IMAGE_SIZE, PER_CLASS)
        for model in (str(pair), DEMO_PAIR):
            _quality(model, drawn)
        _fill(settings, server.url, Path(folder))
        _speed(pair)


def _quality(model: str, drawn: Decoded) -> None:
    settings = read_settings(model=model)
    spec = factories.model_spec(settings)
    embed = factories.embedder(settings, spec, threads=settings.processes)
    encode = factories.text_encoder(settings, spec, embed.identity)
    drawings = drawn.seen_by(embed)
    for form, share in hits(drawings, encode).items():
        console.print(f"{spec.name}: hit@{K} of held-back drawings, {form!r}: {share:.3f}", markup=False)
    for share in SHARES:
        precision = _without(drawings, encode, share)
        console.print(f"{spec.name}: P@{K} of a class without a colour, which counts by {share}: {precision:.3f}")


def _without(drawings: HeldBack, encode: TextEncoder, share: float) -> float:
    """P@K of texts for a class, minus this share of a text for a colour that FEW of its drawings have or more."""
    precisions = []
    for (colour, label), count in Counter(drawings.shown).items():
        if count >= FEW:
            wanted, unwanted = encode([label.replace("-", " "), colour])
            nearest = np.argsort(-(drawings.vectors @ (wanted - share * unwanted)))[:K]
            found = [drawings.shown[place] for place in nearest]
            precisions.append(sum(shown[1] == label and shown[0] != colour for shown in found) / K)
    return float(np.mean(precisions))


def _fill(settings: Settings, url: str, folder: Path) -> None:
    draw_samples(folder / "drawn", per_class=2)
    ingest(folder / "drawn", INDEX, "--model", settings.model)
    identity = factories.embedder(settings, factories.model_spec(settings)).identity
    with closing(open_index(url, INDEX)) as index:
        fill(index, identity, VECTORS)
    await_merged(url)


def _speed(pair: Path) -> None:
    port = free_port()
    command = [*LOOKALIKE, "serve", "--index", INDEX, "--model", str(pair), "--port", str(port)]
    with Program(command, port, "/health/ready"):
        took = list(_searches(port))
    half, most = (quantiles([one[CLIENT] for one in took], n=100)[place - 1] for place in (50, 99))
    console.print(f"{len(took)} texts, one after the other, {VECTORS:,} vectors: p50 {half:.1f} ms, p99 {most:.1f} ms")
    stages = (f"{stage} {median(one[stage] for one in took):.1f}" for stage in took[0])
    console.print(f"p50 of each part in ms: {', '.join(stages)}")


def _searches(port: int) -> Iterator[dict[str, float]]:
    """The milliseconds of each search by a caption: of its stages in the service, and for a client that keeps its
    connection, as browsers do."""
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        for form in range(len(FORMS)):
            for colour in COLOURS:
                for label in PAINTERS:
                    query = {"examples": [{"text": caption(colour, label, form)}], "k": K}
                    began = time.perf_counter()
                    connection.request("POST", "/search", json.dumps(query), {"Content-Type": "application/json"})
                    answer = json.load(connection.getresponse())
                    assert answer["matches"]
                    yield answer["took_ms"] | {CLIENT: 1000 * (time.perf_counter() - began)}
