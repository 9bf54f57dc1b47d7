"""What a page of the collection and the facets of all its fields cost, on both indexes."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
from rich.table import Table

from benchmarks.table import console
from lookalike.index import Index, IndexOptions
from lookalike.index.facets import facets
from lookalike.metadata import field_type
from lookalike.queries.listing import MOST_LISTED, Listing, Position, parse_listing_order
from lookalike.records import Document, Vector
from lookalike_evaluation.candidate import Candidate
from lookalike_evaluation.synthetic import clustered
from lookalike_evaluation.temporary import temporary_index
from lookalike_evaluation.trial import fill
from testing.services.opensearch import OpenSearchServer

DOCUMENTS = int(os.environ.get("LOOKALIKE_BROWSE_DOCUMENTS", "100000"))
LANCEDB = "lancedb:///temporary"
HEAP_MIB = 2048
TIMES = 30
PAGE = 100
K = 60
FIELDS = {"year": "int", "price": "float", "taken": "date", "brand": "keyword", "tags": "list"}
FILTERS = ("year>=2020", "brand=brand-1")
FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def main() -> None:
    candidate = clustered(DOCUMENTS)
    with OpenSearchServer(HEAP_MIB) as server:
        show("OpenSearch", measured(server.url, candidate))
    show("LanceDB", measured(LANCEDB, candidate))


def measured(url: str, candidate: Candidate) -> Iterator[tuple[str, list[float]]]:
    """What was done, and its seconds, of an index at this place."""
    with temporary_index(url, IndexOptions()) as index:
        index.ensure(candidate.model)
        index.declare({name: field_type(type) for name, type in FIELDS.items()})
        fill(index, candidate.model, described(candidate.documents))
        vector = candidate.documents[0].image_embedding
        yield f"search, k = {K}", timed(partial(index.search, vector, K))
        with ThreadPoolExecutor(1) as pool:
            # As the query service does.
            for fields in (["label", "year"], None):
                together = partial(with_facets, pool, index, vector, fields)
                yield f"search with facets of {' and '.join(fields or ['all fields'])}", timed(together)
        for sort in ("newest", "label", "random", "year"):
            listing = Listing(parse_listing_order(sort), limit=PAGE, seed=1)
            yield f"page by {sort}, the first", timed(partial(index.listed, listing))
            late = replace(listing, after=middle(index, listing))
            yield f"page by {sort}, in the middle", timed(partial(index.listed, late))
        yield "facets of all fields", timed(partial(facets, index))
        yield f"facets of all fields, {' and '.join(FILTERS)}", timed(partial(facets, index, filters=FILTERS))
        yield "facets of label and year", timed(partial(facets, index, ["label", "year"]))


def with_facets(pool: Executor, index: Index, vector: Vector, fields: Sequence[str] | None) -> None:
    """A search, and the facets at the same time."""
    counting = pool.submit(facets, index, fields)
    index.search(vector, K)
    counting.result()


def described(documents: Sequence[Document]) -> list[Document]:
    """The documents with metadata and times of their own."""
    dice = np.random.default_rng(1)
    return [
        replace(
            document,
            ingested_at=(FIRST_DAY + timedelta(seconds=number // PAGE)).isoformat(timespec="microseconds"),
            metadata={
                "year": int(dice.integers(1990, 2027)),
                "price": float(dice.exponential(100)),
                "taken": (FIRST_DAY + timedelta(hours=int(dice.integers(200_000)))).isoformat(),
                "brand": f"brand-{int(dice.zipf(1.5)) % 1000}",
                "tags": [f"t{tag}" for tag in dice.integers(50, size=3)],
            },
        )
        for number, document in enumerate(documents)
    ]


def middle(index: Index, listing: Listing) -> Position:
    """Where half of the images have been seen."""
    wanted = replace(listing, limit=MOST_LISTED)
    for _ in range(max(1, DOCUMENTS // MOST_LISTED // 2)):
        wanted = replace(wanted, after=index.listed(wanted)[-1].position)
    assert wanted.after is not None
    return wanted.after


def timed(work: Callable[[], object]) -> list[float]:
    """The seconds of each of TIMES runs; a first one is not counted."""
    work()
    seconds = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return seconds


def show(index: str, figures: Iterator[tuple[str, list[float]]]) -> None:
    shown = Table(title=f"{index}, {DOCUMENTS:,} images", box=None, title_justify="left", title_style="bold")
    for column in ("", "p50 ms", "p95 ms", "highest"):
        shown.add_column(column, justify="left" if not column else "right")
    for what, seconds in figures:
        shown.add_row(what, *(f"{1000 * np.percentile(seconds, share):,.1f}" for share in (50, 95, 100)))
    console.print(shown)
    console.print()
