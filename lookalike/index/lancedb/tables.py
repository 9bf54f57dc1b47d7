"""The tables of a LanceDB folder: created, opened, listed and deleted."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from lookalike.errors import IndexConflict
from lookalike.index.base import AnnState, IndexInfo
from lookalike.index.checks import index_of
from lookalike.index.lancedb import ann, map_file, rows
from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.errors import missing, translated
from lookalike.index.lancedb.folder import folder_of
from lookalike.index.lancedb.lean_lancedb import BTree, lancedb
from lookalike.index.lancedb.power_cut import durable
from lookalike.metadata import Fields
from lookalike.records import ModelIdentity

#: Always read the newest version, so that writes of other processes are visible at once.
NO_STALENESS = timedelta(0)
#: Enough for the ids of a million images; LanceDB's default is 6 GiB.
INDEX_CACHE_BYTES = 64 * 2**20
#: An ANN index of three million vectors of 256 dimensions; memory is taken for what is there.
ANN_CACHE_BYTES = 2 * 2**30
#: LanceDB's default is 1 GiB, for table versions that nobody reads again.
METADATA_CACHE_BYTES = 16 * 2**20


def connect(folder: Path) -> Any:
    session = lancedb.Session(index_cache_size_bytes=INDEX_CACHE_BYTES, metadata_cache_size_bytes=METADATA_CACHE_BYTES)
    return lancedb.connect(folder, read_consistency_interval=NO_STALENESS, session=session)


async def open_for_searches(folder: Path, version: str) -> Any:
    """The table in LanceDB's asynchronous interface, with a cache for its ANN index. It stays at one version of the
    table until `checkout_latest`."""
    session = lancedb.Session(index_cache_size_bytes=ANN_CACHE_BYTES, metadata_cache_size_bytes=METADATA_CACHE_BYTES)
    connection = await lancedb.connect_async(folder, session=session)
    return await connection.open_table(version)


def open_snapshot(folder: Path, version: str) -> Any:
    """The table as it is now: later writes do not change what it returns."""
    table = connect(folder).open_table(version)
    table.checkout(table.version)
    return table


def create_table(folder: Path, version: str, model: ModelIdentity, fields: Fields) -> str:
    """Create an empty table for vectors of `model`, with these metadata fields; returns its name. Call with the lock
    held."""
    with durable(folder / f"{version}.lance"):
        table = connect(folder).create_table(version, schema=rows.schema(model, fields))
        table.create_index("id", config=BTree())
    return version


def drop_table(folder: Path, catalog: Catalog, version: str, wait_s: float) -> None:
    """Delete a table and every reference to it; waits for a process that builds its ANN index, which would go on
    writing into the folder. Call without the lock of the folder: others write meanwhile. Raises IndexBusy,
    IndexMissing, and IndexConflict if the version becomes the current one meanwhile."""
    was_current = catalog.is_current(version)
    with catalog.building(version, wait_s), catalog.locked(wait_s):
        if version not in catalog.versions(index_of(version)):
            raise missing(folder, version)
        if catalog.is_current(version) and not was_current:
            raise IndexConflict(
                f"{version} was not deleted: it became the current version of {index_of(version)} meanwhile.",
                "Run the same command again: it looks at the versions anew.",
            )
        catalog.remove(version)
        map_file.delete(folder, version)
        connect(folder).drop_table(version)
        # Whoever waits for this lock finds no table.
        with suppress(PermissionError):
            catalog.building_lock(version).unlink()


def list_indexes(url: str) -> list[IndexInfo]:
    """Every version of every index in the folder; empty if the folder does not exist."""
    folder = folder_of(url)
    catalog = Catalog(folder)
    with translated(folder, "*"):
        current = set(catalog.tables().values())
        return [
            _info(folder, name, version, is_current=version in current)
            for name in catalog.names()
            for version in catalog.versions(name)
        ]


def add_columns(table: Any, added: Sequence[Any]) -> None:
    """Add these Arrow fields, which no row has a value of. Call with the lock held."""
    with durable(Path(table.uri)):
        table.add_columns(pa.schema(added))


def _info(folder: Path, name: str, version: str, *, is_current: bool) -> IndexInfo:
    table = connect(folder).open_table(version)
    size_bytes = int(table.stats()["total_bytes"])
    is_building = Catalog(folder).is_building(version)
    found = ann.state(table)
    held = AnnState(found.rows if found else 0, is_building=is_building)
    return IndexInfo(name, version, rows.model_of(table.schema), table.count_rows(), size_bytes, is_current, held)
