"""Reads all documents of an index in batches, into arrays or into a Parquet file."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.filters import Filters
from lookalike.image_index.replacing import replaced
from lookalike.index import Index
from lookalike.records import Document, Vectors

#: Documents in a row group of a Parquet file: of 1280 dimensions, 25 MiB.
ROWS_PER_GROUP = 5000


def read_vectors(index: Index) -> tuple[list[str], Vectors]:
    """The ids, and their vectors as float32 [N, D] in the same order."""
    index.refresh()
    dimension = index.model().dimension
    ids: list[str] = []
    vectors = np.empty((index.count(), dimension), np.float32)
    for batch in index.scan_documents():
        if len(ids) + len(batch) > len(vectors):
            # More were written since they were counted.
            vectors = np.concatenate([vectors, np.empty((len(ids) + len(batch), dimension), np.float32)])
        vectors[len(ids) : len(ids) + len(batch)] = [document.image_embedding for document in batch]
        ids += [document.id for document in batch]
    return ids, vectors[: len(ids)]


def export_parquet(index: Index, path: Path, filters: Filters | None = None) -> int:
    """Write every document that meets the filters as a row of a Parquet file, and return how many they are.

    An existing file is replaced when the new one is complete. Raises AccessDenied, DiskFull, BadFilter.
    """
    import pyarrow.parquet as parquet

    from lookalike.image_index import metadata_columns

    index.refresh()
    fields = index.fields()
    schema = _schema(index.model().dimension, metadata_columns.schema(fields))
    rows = 0
    with replaced(path) as temporary, parquet.ParquetWriter(temporary, schema) as writer:
        for group in _groups(index.scan_documents(filters=filters)):
            of_metadata = metadata_columns.values([document.metadata for document in group], fields)
            writer.write_table(_table(group, schema, of_metadata))
            rows += len(group)
    return rows


def _schema(dimension: int, of_metadata: Any) -> Any:
    import pyarrow as pa

    texts = {name: pa.string() for name in ("id", "uri", "name")}
    sizes = {name: pa.int32() for name in ("width", "height")}
    rest = {"content_sha256": pa.string(), "model": pa.string(), "taken_at_ms": pa.int64(), **of_metadata}
    return pa.schema({**texts, **sizes, **rest, "vector": pa.list_(pa.float32(), dimension)}.items())


def _table(documents: list[Document], schema: Any, of_metadata: dict[str, list[Any]]) -> Any:
    import pyarrow as pa

    columns: dict[str, Any] = {
        name: [getattr(document, name) for document in documents]
        for name in schema.names
        if name not in (*of_metadata, "vector")
    }
    columns |= of_metadata
    vectors = np.stack([document.image_embedding for document in documents]).astype(np.float32, copy=False)
    columns["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return pa.table(columns, schema=schema)


def _groups(batches: Iterable[list[Document]]) -> Iterator[list[Document]]:
    group: list[Document] = []
    for batch in batches:
        group += batch
        if len(group) >= ROWS_PER_GROUP:
            yield group
            group = []
    if group:
        yield group
