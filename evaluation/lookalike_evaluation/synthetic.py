"""Synthetic clustered vectors, similar to embeddings, for indexes larger than the available image folders."""

from collections.abc import Iterator

import numpy as np

from lookalike.records import Document, Metric, ModelIdentity, Vector, document_id
from lookalike_evaluation.candidate import Candidate

#: Dimension of the default model.
DIMENSION = 256
#: Standard deviation around a cluster's centre, relative to that of the centres: the ten nearest neighbours of a
#: vector are in its cluster, about as near as images of one class are.
SPREAD = 0.5


def clustered(count: int, *, clusters: int = 1000, dimension: int = DIMENSION, seed: int = 0) -> Candidate:
    """Return `count` synthetic documents with unit-length vectors, float32 [dimension]; the label is the cluster."""
    model = synthetic_model(dimension, seed)
    parts = clustered_parts(count, count, clusters=clusters, dimension=dimension, seed=seed)
    return Candidate(model.name, model, tuple(document for part in parts for document in part))


def clustered_parts(
    count: int, size: int, *, clusters: int = 1000, dimension: int = DIMENSION, seed: int = 0
) -> Iterator[list[Document]]:
    """Like `clustered`, but yields `size` documents at a time, so memory does not grow with `count`."""
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
    """The identity of the imaginary model of the vectors of a seed."""
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
