"""Writes the page docs/reliability.md: a description of `make faults`, and its results."""

import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lookalike.machine import usable_cores
from tests.faults.play import Row

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
HEAD = """\
# Reliability

**Every image that is found becomes, in bounded time, exactly one document in the index or one rejected record with a
reason.** The queue may lose, repeat and reorder messages. The ledger in Redis lists the outstanding chunks, and lost
ones are sent again. Ids are deterministic, so a repeated chunk overwrites its own documents. If the ledger is lost,
running the same `ingest` again brings the index to the right state.

`make faults` writes this table; do not edit it. `--only F7` replaces one line. Each line is one ingest with real
processes: 2 supervised workers with 2 processes each, Redis with `appendfsync always`, and OpenSearch. The fault of the
line is injected while chunks are in work. Afterwards source, index and ledger are compared image by image, and every
vector is compared with the vector of an undisturbed run (cosine >= 0.99999). One image in 40 is bad and must be
rejected for its own reason. A small model and a wait of 20 ms per image replace a real model, so that every fault
interrupts work.

*lost*: neither indexed nor rejected. *duplicated*: more than one document. *wrong*: another reason, another vector,
or both indexed and rejected. *recovery*: the longest time from the moment when work can continue until all chunks that
were in work are closed or back in the queue, and further chunks are closed; later outages are subtracted. *resent*:
messages that the reconciler sent again. *ingests*: how often the command ran.
"""
COLUMNS = ("", "fault", "injected", "images", "lost", "duplicated", "wrong", "recovery s", "resent", "ingests")


def table(rows: Sequence[Row]) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "| " + " | ".join("---" for _ in COLUMNS) + " |"]
    return "\n".join(lines + ["| " + " | ".join(_cells(row)) + " |" for row in rows])


def write(rows: Sequence[Row], repeat: str) -> None:
    """Replace the page; `repeat` is the command that repeats the run."""
    when = f"{datetime.now(UTC):%Y-%m-%d}, {usable_cores()} cores, {platform.machine()}, {platform.system()}"
    PAGE.write_text(f"{HEAD}\n{when}; repeat with `{repeat}`.\n\n{table(rows)}\n")


def renew(rows: Sequence[Row], page: Path = PAGE) -> None:
    """Replace the lines of these scenarios on an existing page, and keep the others."""
    text = page.read_text()
    for row in rows:
        line = "| " + " | ".join(_cells(row)) + " |"
        text = re.sub(rf"^\| {row.scenario.id} \|.*$", line, text, flags=re.MULTILINE)
    page.write_text(text)


def _cells(row: Row) -> list[str]:
    found = row.findings
    wrong = sum(map(len, (found.wrong_reasons, found.wrong_vectors, found.both, found.invented, found.relisted)))
    injected = ", ".join(f"{times} x {what}" for what, times in row.injected.items()) or "nothing"
    recovery = "" if row.longest_s is None else f"{row.longest_s:.1f}"
    counts = [row.images, len(found.lost), len(found.duplicated), wrong]
    figures = [f"{count:,}" for count in counts] + [recovery, str(found.resent), str(row.runs)]
    return [row.scenario.id, row.scenario.fault, injected, *figures]
