"""Documents and models for tests of an index."""

from collections.abc import Mapping

import numpy as np

from lookalike.index import Index
from lookalike.records import Document, Metadata, Metric, ModelIdentity, Vector, Vectors, document_id

DIMENSION = 32
COSINE = ModelIdentity("tiny", "a" * 16, DIMENSION, Metric.COSINE)
L2 = ModelIdentity("tiny-l2", "b" * 16, DIMENSION, Metric.L2)


def clustered_vectors(count: int, clusters: int = 20, seed: int = 0) -> Vectors:
    """Unit vectors, float32 [count, DIMENSION], around random centres, as embeddings are."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(clusters, DIMENSION))
    vectors = centres[random.integers(clusters, size=count)] + 0.5 * random.normal(size=(count, DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def document(
    uri: str,
    vector: Vector,
    *,
    name: str | None = None,
    model: ModelIdentity = COSINE,
    metadata: Metadata | None = None,
    chunk: str = "job/1",
) -> Document:
    """One document with an invented hash and size."""
    return Document(
        id=document_id(uri),
        uri=uri,
        name=name,
        image_embedding=vector,
        content_sha256="c" * 64,
        width=640,
        height=480,
        model=model.fingerprint,
        ingested_at="2026-01-02T03:04:05+00:00",
        chunk=chunk,
        metadata=metadata or {},
    )


def documents_of(images: Mapping[str, Metadata]) -> list[Document]:
    """A document for each uri with its metadata, and with the label L0 or L1 in turn if it has any."""
    return [
        document(uri, unit(i), name=f"L{i % 2}" if metadata else None, metadata=metadata)
        for i, (uri, metadata) in enumerate(images.items())
    ]


def documents(count: int, model: ModelIdentity = COSINE, chunk: str = "job/1") -> list[Document]:
    """`count` documents named "even" and "odd" in turn."""
    vectors = clustered_vectors(count)
    return [
        document(f"/photos/{i}.jpg", vectors[i], name=("even", "odd")[i % 2], model=model, chunk=chunk)
        for i in range(count)
    ]


def unit(position: int) -> Vector:
    """The unit vector along one axis, float32 [DIMENSION]."""
    vector: Vector = np.zeros(DIMENSION, np.float32)
    vector[position] = 1
    return vector


def write(index: Index, written: list[Document]) -> None:
    """Write documents, none of which is rejected, and make them visible."""
    assert index.write(written) == []
    index.refresh()
