"""The Arrow schema of an index table, and its rows as documents and matches."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from lookalike.index import identity
from lookalike.index.lancedb import columns
from lookalike.metadata import Fields
from lookalike.records import Document, Listed, Match, Metric, ModelIdentity, Stored, Vector, Vectors

MODEL_KEY = b"lookalike.model"
TEXT_FIELDS = ("id", "uri", "name", "content_sha256", "model", "ingested_at", "chunk")
STORED_FIELDS = ("content_sha256", "model", "chunk", "name", "etag")
VECTOR = "image_embedding"
MATCH_FIELDS = ("id", "uri", "name", "ingested_at", "taken_at_ms", "_distance")
LISTED_FIELDS = ("id", "uri", "name", "width", "height", "ingested_at", "taken_at_ms")
#: A table that an earlier release made lacks these until `ensure` adds them.
LATER = (pa.field("etag", pa.string()), pa.field("taken_at_ms", pa.int64()))


def schema(model: ModelIdentity, fields: Fields) -> Any:
    """The schema of a table for vectors of `model`, which it records in its metadata, with these metadata fields."""
    own = [pa.field(name, pa.string(), nullable=name == "name") for name in TEXT_FIELDS]
    own += [pa.field(name, pa.int32(), nullable=False) for name in ("width", "height")]
    own.append(pa.field("image_embedding", pa.list_(pa.float32(), model.dimension), nullable=False))
    typed = [columns.column(name, type) for name, type in fields.items()]
    return pa.schema([*own, *LATER, *typed], metadata={MODEL_KEY: json.dumps(identity.to_mapping(model)).encode()})


def model_of(schema: Any) -> ModelIdentity:
    """The model that the schema of a table records."""
    return identity.from_mapping(json.loads(schema.metadata[MODEL_KEY]))


def to_arrow(documents: Sequence[Document], schema: Any) -> Any:
    """An Arrow table with one row per document."""
    of_metadata = columns.names_in(schema)
    values: dict[str, Any] = {
        field.name: [getattr(document, field.name) for document in documents]
        for field in schema
        if field.name not in ("image_embedding", *of_metadata)
    }
    vectors = np.stack([document.image_embedding for document in documents]).astype(np.float32, copy=False)
    values["image_embedding"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    for name in of_metadata:
        key = name.removeprefix(columns.PREFIX)
        values[name] = [[] if name == columns.TEXTS else document.metadata.get(key) for document in documents]
    return pa.table(values, schema=schema)


def to_documents(table: Any) -> list[Document]:
    """The documents of an Arrow table with all columns."""
    if not table.num_rows:
        return []
    rows = table.drop_columns([VECTOR]).to_pylist()
    return [_document(row, vector) for vector, row in zip(_vectors(table), rows, strict=True)]


def to_vectors(table: Any) -> dict[str, Vector]:
    """The vectors by id, of an Arrow table with these two columns."""
    return dict(zip(table["id"].to_pylist(), _vectors(table), strict=True)) if table.num_rows else {}


def _vectors(table: Any) -> Vectors:
    column = table[VECTOR].combine_chunks()
    vectors: Vectors = column.flatten().to_numpy().reshape(len(column), -1)
    return vectors


def wanted(schema: Any, names: Sequence[str]) -> list[str]:
    """Those of these columns that the table has, and those of its metadata."""
    return [name for name in names if name in schema.names or name == "_distance"] + columns.names_in(schema)


def to_stored(row: Mapping[str, Any]) -> Stored:
    """The row's STORED_FIELDS and metadata."""
    own = {field: row[field] for field in STORED_FIELDS if field != "etag"}
    return Stored(**own, metadata=columns.metadata_of(row), etag=row.get("etag") or "")


def to_match(row: Mapping[str, Any], metric: Metric) -> Match:
    """The row's MATCH_FIELDS and metadata. LanceDB's distance is 1 - cosine, or the squared Euclidean distance."""
    distance = row["_distance"]
    # The distance is a rounded float32: of equal vectors it can be below 0.
    score = min(1.0, max(-1.0, 1 - distance)) if metric is Metric.COSINE else 1 / (1 + distance)
    metadata, taken_at_ms = columns.metadata_of(row), row.get("taken_at_ms")
    return Match(row["id"], row["uri"], row["name"], score, metadata, row["ingested_at"], taken_at_ms)


def to_listed(row: Mapping[str, Any]) -> Listed:
    """The row's LISTED_FIELDS and metadata."""
    own: dict[str, Any] = {name: row.get(name) for name in LISTED_FIELDS}
    return Listed(**own, metadata=columns.metadata_of(row))


def _document(row: Mapping[str, Any], vector: Any) -> Document:
    own = {name: value for name, value in row.items() if name in (*TEXT_FIELDS, "width", "height")}
    metadata, etag, taken_at_ms = columns.metadata_of(row), row.get("etag") or "", row.get("taken_at_ms")
    return Document(image_embedding=vector, metadata=metadata, etag=etag, taken_at_ms=taken_at_ms, **own)
