"""What became of a job, for people and for programs."""

from collections.abc import Iterable
from typing import Any

from lookalike_producer.report import Report

from lookalike_cli.console import printable, remark, remarks, results, table


def summary(report: Report) -> dict[str, Any]:
    """The numbers of a job, as `--json` prints them."""
    return {
        "job": report.job,
        "index": report.index,
        "model": report.model,
        "found": report.found,
        "indexed": report.indexed,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "seconds": round(report.seconds, 3),
        "images_per_second": round(report.images_per_second, 1),
    }


def tell(report: Report) -> None:
    """One line of numbers and, if any image was rejected, why."""
    results.print(str(report))
    if report.rejected:
        remarks.print(table("rejected for", "images", rows=list(report.reasons.items())))
        remark(f"`lookalike failed list {report.job}` lists them, `lookalike failed retry {report.job}` retries them.")


def name_pictures(rows: Iterable[tuple[str, ...]]) -> None:
    """One line each, why and which, never folded: a path that is cut in two cannot be copied."""
    for why, *rest in rows:
        cells = (printable(cell).replace("\n", "\ufffd") for cell in rest if cell)
        results.print(f"{why:<14}" + "  ".join(cells), markup=False)
