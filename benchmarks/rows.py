"""The producer with a Parquet table: references a second into a real Redis, and memory, with more and more rows.

Run as `python -m benchmarks rows`; as `python -m benchmarks.rows BROKER_URL TABLE ROWS`, it is the measured program.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow
from pyarrow import parquet

from benchmarks.scale.produce import enqueued
from benchmarks.table import console
from lookalike_producer.sources import find_images
from lookalike_producer.tables.options import TableOptions
from testing.services.redis import RedisServer

ROWS = (1_000_000, 10_000_000)
GROUP_ROWS = 100_000
SCHEMA = pyarrow.schema(
    {
        "url": pyarrow.string(),
        "label": pyarrow.string(),
        "brand": pyarrow.string(),
        "year": pyarrow.int32(),
        "price": pyarrow.float64(),
    }
)


def main() -> None:
    """Each count in a new process with a new Redis; the table takes about 14 bytes a row on the disk."""
    for rows in ROWS:
        with tempfile.TemporaryDirectory() as folder, RedisServer() as server:
            path = Path(folder, "table.parquet")
            _write(path, rows)
            command = [sys.executable, "-m", "benchmarks.rows", server.url, str(path), str(rows)]
            answer = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        console.print(
            f"{rows:>12,} rows: {rows / answer['seconds']:>8,.0f} references/s, the first chunk after "
            f"{answer['first_s']:,.1f} s, peak memory {answer['peak_mib']:,.0f} MiB"
        )


def _write(path: Path, rows: int) -> None:
    chance = random.Random(1)
    with parquet.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for start in range(0, rows, GROUP_ROWS):
            some = range(start, start + GROUP_ROWS)
            columns = {
                "url": [f"https://host{n % 97}.example.com/{n:09d}/{chance.getrandbits(64):016x}.jpg" for n in some],
                "label": [f"class {n % 1000}" for n in some],
                "brand": [f"brand {n % 50}" for n in some],
                "year": [1990 + n % 35 for n in some],
                "price": [n % 10_000 / 100 for n in some],
            }
            writer.write_table(pyarrow.table(columns, schema=SCHEMA))


def measure(broker_url: str, path: str, rows: int) -> dict[str, float]:
    """Enqueue the table with three metadata fields; its types are those of Parquet."""
    columns = TableOptions(metadata="all")
    return enqueued(broker_url, lambda: find_images([path], tables=columns), rows)


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
