"""What the road carries with a model that costs nothing: producer, queue and ledger, reading, decoding, writing.

Jobs of the same images through one worker. The first does nothing with a chunk: what it costs is the price of queue and
ledger. CPU times change little with other programs on the machine; rates do.
"""

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import redis
from rich.table import Table

from benchmarks import material
from benchmarks.scale.waiting_workers import WaitingWorkers
from benchmarks.scale.workers import drawn_images
from benchmarks.table import console
from lookalike.ledger import Ledger
from lookalike.records import ImageRef
from testing.services.opensearch import OpenSearchServer
from testing.services.redis import RedisServer

IMAGES = int(os.environ.get("LOOKALIKE_COUNT", "12800"))
CHUNK_SIZE = 64
PROCESSES = int(os.environ.get("LOOKALIKE_PROCESSES", "2"))
#: What workers time, in the order of the pipeline.
STAGES = ("look_up", "read", "decode", "embed", "bulk")
#: A worker that does nothing with a chunk.
EMPTY = {"SCALE_WORK": "none"}

#: Milliseconds by program or stage.
Costs = dict[str, float]


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary, OpenSearchServer() as server:
        folder = Path(temporary)
        images = _images(folder / "pictures")
        sides = {
            "queue and ledger alone": (f"lancedb://{folder}/none", EMPTY),
            "into LanceDB": (f"lancedb://{folder}/index", {}),
            "into OpenSearch": (server.url, {}),
        }
        rows = {
            name: _measured(url, folder / f"side{number}", images, variables)
            for number, (name, (url, variables)) in enumerate(sides.items())
        }
    _print(rows)


def _images(folder: Path) -> list[ImageRef]:
    if next(material.IMAGES.rglob("*.jpg"), None) is None:
        console.print(f"Without images in {material.IMAGES}: tiny ones are drawn, which cost little to decode.")
        return drawn_images(folder, IMAGES)
    return [ImageRef(path) for path in material.copies(folder, IMAGES)]


def _measured(url: str, folder: Path, images: Sequence[ImageRef], variables: Mapping[str, str]) -> Costs:
    """The rate, the CPU time of each program and the wall time of each stage: milliseconds for a chunk."""
    with ExitStack() as stack:
        broker = stack.enter_context(RedisServer())
        pool = stack.enter_context(
            WaitingWorkers(
                broker.url,
                url,
                folder,
                count=1,
                image_s=0.0,
                chunk_size=CHUNK_SIZE,
                processes=PROCESSES,
                variables=variables,
            )
        )
        pool.work(images[: 8 * CHUNK_SIZE])
        # Others: the first ones are in the index now.
        rest = images[8 * CHUNK_SIZE :]
        before, stages = _cpu(pool, broker.url), _stages(broker.url)
        began = time.perf_counter()
        pool.work(rest)
        seconds = time.perf_counter() - began
        spent = {name: value - before[name] for name, value in _cpu(pool, broker.url).items()}
        spent |= {name: value - stages[name] for name, value in _stages(broker.url).items()}
    per_chunk = 1000 * CHUNK_SIZE / len(rest)
    return {"rate": len(rest) / seconds} | {name: value * per_chunk for name, value in spent.items()}


def _cpu(pool: WaitingWorkers, broker_url: str) -> Costs:
    """CPU seconds until now."""
    with redis.Redis.from_url(broker_url) as client:
        used = client.info("cpu")
    name = pool.workers.names[0]
    return {
        "producer": time.process_time(),
        "Redis": float(used["used_cpu_user"]) + float(used["used_cpu_sys"]),
        "worker": _process_s(pool.workers.pid(name)),
        "children": sum(map(_process_s, pool.workers.children(name))),
    }


def _stages(broker_url: str) -> Costs:
    ledger = Ledger(broker_url)
    seconds = ledger.counters().seconds
    ledger.close()
    return {stage: seconds.get(stage, 0.0) for stage in STAGES}


def _process_s(pid: int) -> float:
    """User and system time of a process (proc(5), /proc/PID/stat)."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _print(rows: Mapping[str, Costs]) -> None:
    title = (
        f"{IMAGES:,} images in chunks of {CHUNK_SIZE}, one worker of {PROCESSES} processes, a model that costs nothing"
    )
    shown = Table(title=title, box=None, title_justify="left", title_style="bold")
    programs = ("producer", "Redis", "worker", "children")
    for column in ("", "images/s", *(f"{name}, CPU ms" for name in programs), *(f"{name}, ms" for name in STAGES)):
        shown.add_column(column, justify="right" if column else "left")
    for name, costs in rows.items():
        shown.add_row(name, f"{costs['rate']:,.0f}", *(f"{costs[part]:,.2f}" for part in (*programs, *STAGES)))
    console.print(shown)
    console.print("Milliseconds are for one chunk; those of the stages are wall time.")
