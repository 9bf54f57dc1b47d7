"""Vectors that lie in clusters, as embeddings do, for measuring an index with more of them than there are pictures."""

from collections.abc import Iterator

import numpy as np

from lookalike.records import Document, Metric, ModelIdentity, Vector, document_id
from lookalike_evaluation.contender import Contender

#: As the default model's.
DIMENSION = 256
#: How far vectors stray from their cluster's centre, as a share of the distance between centres: the nearest ten of a
#: vector then lie in its cluster, but no nearer than pictures of one class do.
SPREAD = 0.5


def clustered(count: int, *, clusters: int = 1000, dimension: int = DIMENSION, seed: int = 0) -> Contender:
    """`count` made-up pictures of unit-length vectors; the label is the cluster."""
    model = synthetic_model(dimension, seed)
    parts = clustered_parts(count, count, clusters=clusters, dimension=dimension, seed=seed)
    return Contender(model.name, model, tuple(document for part in parts for document in part))


def clustered_parts(
    count: int, size: int, *, clusters: int = 1000, dimension: int = DIMENSION, seed: int = 0
) -> Iterator[list[Document]]:
    """As `clustered`, but `size` documents at a time, so that memory does not grow with `count`."""
    model = synthetic_model(dimension, seed)
    random = np.random.default_rng(seed)
    centres = random.normal(size=(clusters, dimension)).astype(np.float32)
    for start in range(0, count, size):
        members = random.integers(clusters, size=min(size, count - start))
        noise = random.normal(size=(len(members), dimension)).astype(np.float32)
        vectors = centres[members] + SPREAD * noise
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        numbered = enumerate(zip(vectors, members, strict=True), start)
        yield [_document(number, vector, int(member), model) for number, (vector, member) in numbered]


def synthetic_model(dimension: int = DIMENSION, seed: int = 0) -> ModelIdentity:
    """What the vectors of a seed are said to come from."""
    return ModelIdentity("synthetic", f"{seed:016x}", dimension, Metric.COSINE)


def _document(number: int, vector: Vector, cluster: int, model: ModelIdentity) -> Document:
    uri = f"/synthetic/{number:07d}"
    return Document(
        id=document_id(uri),
        uri=uri,
        name=f"{cluster:04d}",
        image_embedding=vector,
        content_sha256=f"{number:064x}",
        width=1,
        height=1,
        model=model.fingerprint,
        ingested_at="2026-01-01T00:00:00.000+00:00",
        chunk="synthetic/0",
    )
