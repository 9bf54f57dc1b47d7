"""Formats the report on a job for people and as JSON."""

from collections.abc import Iterable, Sequence
from typing import Any

from lookalike.factories import with_roots
from lookalike.roots import as_setting, to_allow
from lookalike.settings import Settings
from lookalike.terminal import Output
from lookalike_cli.console import remark, remarks, results, table
from lookalike_producer.places import names_only
from lookalike_producer.report import Report

#: The counts of images in a summary.
COUNTS = ("found", "indexed", "unchanged", "rejected", "rejected_unchanged", "annotated")


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
        "annotated": report.annotated,
        "seconds": round(report.seconds, 3),
        "images_per_second": round(report.images_per_second, 1),
    }


def no_job(index: str | None = None, model: str | None = None) -> dict[str, Any]:
    """The same keys where there was nothing for a job to do."""
    named = {"job": None, "index": index, "model": model}
    return named | dict.fromkeys(COUNTS, 0) | {"seconds": 0.0, "images_per_second": 0.0}


def together(summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The summaries of jobs that ran one after another, the newest first, as one with the same keys: the sums, and the
    names of the newest. The clock of all began with the first."""
    if not summaries:
        return no_job()
    sums = {name: sum(one[name] for one in summaries) for name in COUNTS}
    seconds = max(one["seconds"] for one in summaries)
    speed = round(sums["found"] / seconds, 1) if seconds else 0.0
    return summaries[0] | sums | {"seconds": seconds, "images_per_second": speed}


def show_report(report: Report, settings: Settings, output: Output = results) -> None:
    """Print one line of numbers and, if images were rejected, the reasons."""
    output.say(str(report))
    if report.rejected:
        # The most frequent first; the order in which workers met them is another one each time.
        counts = sorted(report.reasons.items(), key=lambda found: (-found[1], found[0]))
        rows = [(reason, count, report.details.get(reason, "")) for reason, count in counts]
        remarks.print(table("reason", "rejected", "for example", rows=rows))
        remark(f"List them: `lookalike failed list {report.job}`. Retry them: `lookalike failed retry {report.job}`.")
        advise_roots(report.details.values(), settings)


def advise_roots(details: Iterable[str], settings: Settings) -> None:
    """If our workers may not read a place: the setting that allows it, whole, because it replaces the default."""
    if (missing := to_allow(details)) and settings.broker_url is None:
        remark(f"To allow it, for this command and for `lookalike up`, set {roots_with(settings, missing)}")


def advise_within(sources: Sequence[str], within: Sequence[str] | None) -> None:
    """Say why images that a list or a table no longer names are not found."""
    if not within and any(map(names_only, sources)):
        remark("A list or a table does not say which other images may go. --within FOLDER or --within ADDRESS says so:")
        remark("images of the index that lie there and that it no longer names are orphaned.")


def roots_with(settings: Settings, more: Iterable[str]) -> str:
    """LOOKALIKE_ROOTS with what the embedded stack allows now, and more."""
    return as_setting((*with_roots(settings).roots, *more))


def print_images(rows: Iterable[tuple[str, ...]]) -> None:
    """Print one line per image, never folded: a folded path cannot be copied."""
    found = list(rows)
    has_status = any(status for status, *_ in found)
    for status, *rest in found:
        results.say((f"{status:<12}  " if has_status else "") + "  ".join(filter(None, rest)))
