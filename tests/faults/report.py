"""The table of docs/reliability.md: what `make faults` did and what came of it; runs nothing."""

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

**Every image found ends, in bounded time, as exactly one document in the index or one rejected record with its
reason.** The queue may lose, repeat and reorder messages: the ledger in Redis knows what is outstanding and sends it
again, and deterministic ids make a repetition overwrite. Even the ledger may be lost: the same `ingest` again brings
the index to the right state.

This table is written by `make faults`, never by hand; `--only F7` renews one line. Each line is one ingest with real
processes (2 workers of 2 processes under a supervisor, Redis with `appendfsync always`, OpenSearch), broken as the line
says while work was going on. Then source, index and ledger are compared image by image, and every vector with an
undisturbed run's (cosine >= 0.99999). One image in 40 is bad and must be rejected for its own reason. A small model
and 20 ms of waiting an image stand in for a real one, so that every fault hits work.

*lost*: neither indexed nor rejected. *duplicated*: more than one document. *wrong*: another reason, another vector, or
an image both indexed and rejected. *recovery*: the longest time from the moment the work could go on, later outages
taken out, until all chunks that were in work are closed or back in the queue, and further ones closed. *resent*:
messages that the reconciler had to send again. *ingests*: how often the same command was run.
"""
COLUMNS = ("", "fault", "injected", "pictures", "lost", "duplicated", "wrong", "recovery s", "resent", "ingests")


def table(rows: Sequence[Row]) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "| " + " | ".join("---" for _ in COLUMNS) + " |"]
    return "\n".join(lines + ["| " + " | ".join(_cells(row)) + " |" for row in rows])


def write(rows: Sequence[Row], repeat: str) -> None:
    """Replace the page; `repeat` is the command that does all this again."""
    when = f"{datetime.now(UTC):%Y-%m-%d}, {usable_cores()} cores, {platform.machine()}, {platform.system()}"
    PAGE.write_text(f"{HEAD}\n{when}; repeat with `{repeat}`.\n\n{table(rows)}\n")


def renew(rows: Sequence[Row], page: Path = PAGE) -> None:
    """Replace the lines of these scenarios on a page that is there, and leave the others."""
    text = page.read_text()
    for row in rows:
        line = "| " + " | ".join(_cells(row)) + " |"
        text = re.sub(rf"^\| {row.scenario.id} \|.*$", line, text, flags=re.MULTILINE)
    page.write_text(text)


def _cells(row: Row) -> list[str]:
    found = row.findings
    wrong = len(found.wrong_reasons) + len(found.wrong_vectors) + len(found.both) + len(found.invented)
    injected = ", ".join(f"{times} x {what}" for what, times in row.injected.items()) or "nothing"
    recovery = "" if row.longest_s is None else f"{row.longest_s:.1f}"
    counts = [row.images, len(found.lost), len(found.duplicated), wrong]
    figures = [f"{count:,}" for count in counts] + [recovery, str(found.resent), str(row.runs)]
    return [row.scenario.id, row.scenario.fault, injected, *figures]
