"""Formats the report on a job for people and as JSON."""

from collections.abc import Iterable
from typing import Any

from lookalike.terminal import Output
from lookalike_cli.console import remark, remarks, results, table
from lookalike_producer.report import Report


def summary(report: Report) -> dict[str, Any]:
    """The numbers of a job as JSON values."""
    return {
        "job": report.job,
        "index": report.index,
        "model": report.model,
        "found": report.found,
        "indexed": report.indexed,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "rejected_unchanged": report.still_rejected,
        "seconds": round(report.seconds, 3),
        "images_per_second": round(report.images_per_second, 1),
    }


def show_report(report: Report, output: Output = results) -> None:
    """Print one line of numbers and, if images were rejected, the reasons."""
    output.say(str(report))
    if report.rejected:
        remarks.print(table("reason", "rejected", rows=list(report.reasons.items())))
        remark(f"List them: `lookalike failed list {report.job}`. Retry them: `lookalike failed retry {report.job}`.")


def print_images(rows: Iterable[tuple[str, ...]]) -> None:
    """Print one line per image, never folded: a folded path cannot be copied."""
    for status, *rest in rows:
        results.say(f"{status:<14}" + "  ".join(filter(None, rest)))
