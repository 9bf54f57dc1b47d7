"""What became of a job, for people and for programs."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from lookalike.ledger import Job, Ledger
from lookalike_cli.console import printable, remark, remarks, results, table


def summary(job: Job, seconds: float) -> dict[str, Any]:
    """The numbers of a job that took `seconds`, as `--json` prints them."""
    return {
        "job": job.id,
        "index": job.index,
        "model": job.model,
        "found": job.found,
        "indexed": job.indexed,
        "unchanged": job.unchanged,
        "rejected": job.rejected,
        "seconds": round(seconds, 3),
        "images_per_second": round(job.done / seconds, 1),
    }


def tell(job: Job, ledger: Ledger, seconds: float) -> None:
    """One line of numbers and, if any image was rejected, why."""
    results.print(
        f"{job.found:,} found = {job.indexed:,} indexed + {job.unchanged:,} unchanged + {job.rejected:,} rejected"
        f"  in {seconds:.1f} s ({job.done / seconds:,.0f} images/s), index {job.index}, job {job.id}"
    )
    if job.rejected:
        reasons = Counter(rejected.reason.value for rejected in ledger.rejected(job.id))
        remarks.print(table("rejected for", "images", rows=reasons.most_common()))
        remark(f"`lookalike failed list {job.id}` lists them, `lookalike failed retry {job.id}` tries them again.")


def name_pictures(rows: Iterable[tuple[str, ...]]) -> None:
    """One line each, why and which, never folded: a path that is cut in two cannot be copied."""
    for why, *rest in rows:
        cells = (printable(cell).replace("\n", "\ufffd") for cell in rest if cell)
        results.print(f"{why:<14}" + "  ".join(cells), markup=False)
