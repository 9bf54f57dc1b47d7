"""Writes the page docs/reliability.md: a description of `make faults`, and its results."""

import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lookalike.machine import usable_cores
from tests.faults.play import Row

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
#: The results on the page: when and where, and the table. People write the rest of it.
RESULTS = re.compile(r"^\d{4}-\d\d-\d\d, .*; repeat with .*\n\n(?:\|.*\n)+", re.MULTILINE)
COLUMNS = ("", "fault", "injected", "images", "lost", "duplicated", "wrong", "recovery s", "resent", "ingests")


def table(rows: Sequence[Row]) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "| " + " | ".join("---" for _ in COLUMNS) + " |"]
    return "\n".join(lines + ["| " + " | ".join(_cells(row)) + " |" for row in rows])


def write(rows: Sequence[Row], repeat: str, page: Path = PAGE) -> None:
    """Replace the results on the page; `repeat` is the command that repeats the run."""
    when = f"{datetime.now(UTC):%Y-%m-%d}, {usable_cores()} cores, {platform.machine()}, {platform.system()}"
    results = f"{when}; repeat with `{repeat}`.\n\n{table(rows)}\n"
    page.write_text(RESULTS.sub(lambda _: results, page.read_text()))


def renew(rows: Sequence[Row], page: Path = PAGE) -> None:
    """Replace the lines of these scenarios on the page, add those that it lacks, and keep the others."""
    results = RESULTS.search(text := page.read_text())
    assert results, f"{page} holds no results"
    lines = {line.split(" | ")[0]: line for line in results[0].splitlines()}
    for row in rows:
        lines[f"| {row.scenario.id}"] = "| " + " | ".join(_cells(row)) + " |"
    page.write_text(text.replace(results[0], "\n".join(lines.values()) + "\n"))


def _cells(row: Row) -> list[str]:
    found = row.findings
    wrong = sum(map(len, (found.wrong_reasons, found.wrong_vectors, found.both, found.invented, found.relisted)))
    injected = ", ".join(f"{times} x {what}" for what, times in row.injected.items()) or "nothing"
    recovery = "" if row.longest_s is None else f"{row.longest_s:.1f}"
    counts = [row.images, len(found.lost), len(found.duplicated), wrong]
    figures = [f"{count:,}" for count in counts] + [recovery, str(found.resent), str(row.runs)]
    return [row.scenario.id, row.scenario.fault, injected, *figures]
