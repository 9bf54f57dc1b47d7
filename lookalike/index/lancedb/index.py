"""Documents in a LanceDB folder, searched exactly; the only place that knows lancedb and pyarrow."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lookalike.errors import ModelMismatch
from lookalike.index import identity
from lookalike.index.base import IndexInfo, IndexOptions
from lookalike.index.checks import METADATA_PREFIX, check_filters, check_query, is_version, sift
from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.errors import missing, translated
from lookalike.index.lancedb.folder import folder_of
from lookalike.index.lancedb.lean_lancedb import BTree, lancedb
from lookalike.records import Document, Match, Metric, ModelIdentity, Rejected, Stored, Vector

#: Each write leaves a fragment, and each fragment slows writing and looking up by about 0.2 ms.
MOST_FRAGMENTS = 64
#: Compaction rewrites the table, so a large one is allowed a fragment more for this many rows.
ROWS_PER_FRAGMENT = 20_000
#: A search that began before a compaction still finds its files for this long.
KEEP_OLD_FILES = timedelta(seconds=60)
#: Always the newest version: what another process wrote is seen at once.
NO_STALENESS = timedelta(0)
IDS_PER_REQUEST = 1000
#: The ids of a million images; LanceDB would take 6 GiB.
INDEX_CACHE_BYTES = 64 * 2**20
#: LanceDB would take 1 GiB, for versions that nobody asks for again.
METADATA_CACHE_BYTES = 16 * 2**20
#: Of a scan.
ROWS_PER_BATCH = 8192
MODEL_KEY = b"lookalike.model"
TEXT_FIELDS = ("id", "uri", "name", "content_sha256", "model", "ingested_at", "chunk")
STORED_FIELDS = ["content_sha256", "model", "chunk", "name"]
MATCH_FIELDS = ["id", "uri", "name", "metadata", "_distance"]


class LanceIndex:
    """See `Index`. Safe to share between threads; lancedb must be imported after a fork, not before."""

    def __init__(self, url: str, name: str, options: IndexOptions) -> None:
        self.name = name
        self._folder = folder_of(url)
        self._patience_s = options.patience_s
        self._catalog = Catalog(self._folder)
        self._open: tuple[str, Any] | None = None

    def ensure(self, model: ModelIdentity) -> None:
        with self._writing():
            if not is_version(self.name) and self.name not in self._catalog.tables():
                self._create(model)
            kept = model_of(self._table())
        if kept.fingerprint != model.fingerprint:
            raise ModelMismatch(self.name, str(kept), str(model))

    def model(self) -> ModelIdentity:
        with self._translated():
            return model_of(self._table())

    def physical(self) -> str:
        with self._translated():
            return str(self._table().name)

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]:
        rows = self._fetch(ids, ["id", "metadata", *STORED_FIELDS])
        return {
            row["id"]: Stored(**{field: row[field] for field in STORED_FIELDS}, metadata=dict(row["metadata"]))
            for row in rows
        }

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        if not documents:
            return []
        # Alone, because two upserts of a new id at once would leave two rows.
        with self._writing():
            table = self._table()
            fit, rejected = sift(documents, self.name, model_of(table))
            if fit:
                upsert = table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
                upsert.execute(_rows(fit, table.schema))
                compact(table, most_fragments=MOST_FRAGMENTS + table.count_rows() // ROWS_PER_FRAGMENT)
        return rejected

    def search(
        self, vector: Vector, k: int, filters: Mapping[str, str] | None = None, *, fingerprint: str | None = None
    ) -> list[Match]:
        conditions = [_equality(field, value) for field, value in check_filters(filters).items()]
        with self._translated():
            table = self._table()
            model = model_of(table)
            check_query(vector, model, self.name, fingerprint)
            query = table.search(vector, vector_column_name="image_embedding").distance_type(str(model.metric))
            if conditions:
                query = query.where(" AND ".join(conditions), prefilter=True)
            rows = query.select(MATCH_FIELDS).limit(k).to_arrow().to_pylist()
        return [_match(row, model.metric) for row in rows]

    def get(self, id: str) -> Document | None:
        for row in self._fetch([id], None):
            vector = np.asarray(row.pop("image_embedding"), dtype=np.float32)
            return Document(image_embedding=vector, metadata=dict(row.pop("metadata")), **row)
        return None

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        with self._translated():
            query = self._table().search().select(["id", "uri"])
            if prefix:
                query = query.where(f"starts_with(uri, {_quoted(prefix)})")
            for batch in query.to_batches(batch_size=ROWS_PER_BATCH):
                yield from zip(batch["id"].to_pylist(), batch["uri"].to_pylist(), strict=True)

    def delete(self, ids: Iterable[str]) -> None:
        with self._writing():
            table = self._table()
            for condition in _conditions(list(ids)):
                table.delete(condition)

    def count(self) -> int:
        with self._translated():
            return int(self._table().count_rows())

    def labels(self, limit: int) -> dict[str, int]:
        with self._translated():
            names = self._table().search().select(["name"]).to_arrow()["name"].drop_null()
            counted = sorted(names.value_counts().to_pylist(), key=lambda row: (-row["counts"], row["values"]))
        return {row["values"]: row["counts"] for row in counted[:limit]}

    def refresh(self) -> None:
        """Every read sees every earlier write; only a missing index is worth telling."""
        self.model()

    def begin_load(self) -> None:
        """Nothing is turned down for a load here."""

    def is_loading(self) -> bool:
        return False

    def end_load(self) -> None:
        with self._writing():
            compact(self._table(), most_fragments=1)

    def optimize(self, segments: int = 1) -> Iterator[int]:
        with self._translated():
            yield _fragments(self._table())
        with self._writing():
            compact(self._table(), most_fragments=segments)
        with self._translated():
            yield _fragments(self._table())

    def drop(self) -> None:
        with self._writing():
            table = self._table().name
            self._catalog.forget(table)
            self._open = None
            connect(self._folder).drop_table(table)

    def close(self) -> None:
        self._open = None

    def _table(self) -> Any:
        """The table behind the name, now: it may have moved since the last call. Raises IndexMissing."""
        physical = self.name if is_version(self.name) else self._catalog.tables().get(self.name)
        if physical is None:
            raise missing(self._folder, self.name)
        if self._open is None or self._open[0] != physical:
            self._open = (physical, connect(self._folder).open_table(physical))
        return self._open[1]

    def _create(self, model: ModelIdentity) -> None:
        self._catalog.point(self.name, create_table(self._folder, self._catalog.reserve(self.name), model))

    def _fetch(self, ids: Sequence[str], wanted: list[str] | None) -> list[dict[str, Any]]:
        """The wanted fields, or all, of the documents that are there."""
        found: list[dict[str, Any]] = []
        with self._translated():
            table = self._table()
            for condition in _conditions(ids):
                query = table.search().where(condition).limit(IDS_PER_REQUEST)
                found += (query.select(wanted) if wanted else query).to_arrow().to_pylist()
        return found

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._translated(), self._catalog.locked(self._patience_s):
            yield

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with translated(self._folder, self.name):
            yield


def list_indexes(url: str, options: IndexOptions) -> list[IndexInfo]:
    """Every name in the folder and what it points to; none if the folder is not there."""
    folder = folder_of(url)
    infos = []
    catalog = Catalog(folder)
    with translated(folder, "*"):
        current = set(catalog.tables().values())
        for name in catalog.names():
            for physical in catalog.versions(name):
                table = connect(folder).open_table(physical)
                size_bytes, is_current = int(table.stats()["total_bytes"]), physical in current
                infos.append(IndexInfo(name, physical, model_of(table), table.count_rows(), size_bytes, is_current))
    return infos


def create_table(folder: Path, physical: str, model: ModelIdentity) -> str:
    """An empty table for vectors of `model`, and its name again. Call with the lock held."""
    table = connect(folder).create_table(physical, schema=_schema(model))
    table.create_index("id", config=BTree())
    return physical


def connect(folder: Path) -> Any:
    session = lancedb.Session(index_cache_size_bytes=INDEX_CACHE_BYTES, metadata_cache_size_bytes=METADATA_CACHE_BYTES)
    return lancedb.connect(folder, read_consistency_interval=NO_STALENESS, session=session)


def compact(table: Any, most_fragments: int, keep: timedelta = KEEP_OLD_FILES) -> None:
    """Merge fragments and delete files no version younger than `keep` needs. Call with the lock held."""
    if _fragments(table) > most_fragments:
        table.optimize(cleanup_older_than=keep)


def _fragments(table: Any) -> int:
    return int(table.stats()["fragment_stats"]["num_fragments"])


def _schema(model: ModelIdentity) -> Any:
    fields = [pa.field(name, pa.string(), nullable=name == "name") for name in TEXT_FIELDS]
    fields += [pa.field(name, pa.int32(), nullable=False) for name in ("width", "height")]
    fields.append(pa.field("image_embedding", pa.list_(pa.float32(), model.dimension), nullable=False))
    fields.append(pa.field("metadata", pa.map_(pa.string(), pa.string()), nullable=False))
    return pa.schema(fields, metadata={MODEL_KEY: json.dumps(identity.to_mapping(model)).encode()})


def model_of(table: Any) -> ModelIdentity:
    return identity.from_mapping(json.loads(table.schema.metadata[MODEL_KEY]))


def _rows(documents: Sequence[Document], schema: Any) -> Any:
    columns = {
        field.name: [getattr(document, field.name) for document in documents]
        for field in schema
        if field.name not in ("image_embedding", "metadata")
    }
    vectors = np.stack([document.image_embedding for document in documents]).astype(np.float32, copy=False)
    columns["image_embedding"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    columns["metadata"] = [list(document.metadata.items()) for document in documents]
    return pa.table(columns, schema=schema)


def _match(row: Mapping[str, Any], metric: Metric) -> Match:
    """LanceDB's distances are 1 - cosine and the squared Euclidean one."""
    distance = row["_distance"]
    score = 1 - distance if metric is Metric.COSINE else 1 / (1 + distance)
    return Match(row["id"], row["uri"], row["name"], score, dict(row["metadata"]))


def _conditions(ids: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(ids), IDS_PER_REQUEST):
        yield f"id IN ({', '.join(map(_quoted, ids[start : start + IDS_PER_REQUEST]))})"


def _equality(field: str, value: str) -> str:
    if field.startswith(METADATA_PREFIX):
        return f"map_extract(metadata, {_quoted(field.removeprefix(METADATA_PREFIX))})[1] = {_quoted(value)}"
    return f"{field} = {_quoted(value)}"


def _quoted(text: str) -> str:
    """A SQL string: the quote is the only character with a meaning inside."""
    return "'" + text.replace("'", "''") + "'"
