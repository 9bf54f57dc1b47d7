"""Formats the results of an evaluation as tables and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from lookalike.plural import counted
from lookalike.terminal import Output
from lookalike_cli.console import Rows, remark, table
from lookalike_evaluation.metrics import FIGURES
from lookalike_evaluation.summary import Summary, column_names
from lookalike_evaluation.sweep import SweepRow

#: Columns of the sweep's table.
SETTING_COLUMNS = ("engine", "m", "ef_construction", "ef_search", "recall", "p50, ms", "p99, ms", "bytes")


def show(summaries: Sequence[Summary], rows: Sequence[SweepRow], output: Output) -> None:
    """Print a table of the models, one of the first model's classes, and one of the swept settings."""
    first = summaries[0]
    output.say(
        f"{counted(first.queries, 'query', 'queries')} against {counted(first.stored, 'stored image')}; "
        f"means over {counted(len(first.trials), 'split')} \u00b1 95 % confidence."
    )
    output.print(_models(summaries))
    if first.requested > first.k:
        # The table counts the first k; the article counts any of the results requested.
        hits = ", ".join(f"{summary.name} {summary.hit_at_size:.3f}" for summary in summaries)
        output.say(f"hit@{first.requested}, any of the results requested: {hits}")
    fitted = [summary.name for summary in summaries if summary.is_fitted_per_split]
    if fitted:
        remark(f"Fitted on the stored part of each split, never on its queries: {', '.join(fitted)}.")
    output.say()
    output.say(f"Classes, {first.name}:")
    output.print(_classes(first))
    if rows:
        output.say()
        output.say(f"Index settings, recall at {first.k}:")
        output.print(_settings(rows))


def plain(
    facts: Mapping[str, Any], summaries: Sequence[Summary], notes: Sequence[str], rows: Sequence[SweepRow]
) -> dict[str, Any]:
    """Return JSON values: the first model's figures at the top, every model's under `models`."""
    first = summaries[0]
    return {
        **facts,
        "k": first.k,
        "seeds": [trial.seed for trial in first.trials],
        "notes": list(notes),
        **first.plain(),
        "models": [{**summary.plain(), **summary.details()} for summary in summaries],
        **({"index_sweep": [row.plain() for row in rows]} if rows else {}),
    }


def _models(summaries: Sequence[Summary]) -> Rows:
    rows: list[tuple[Any, ...]] = [
        (summary.name, *map(summary.with_interval, FIGURES), f"{summary.p50_ms:.1f}", f"{summary.p99_ms:.1f}")
        for summary in summaries
    ]
    return table("model", *column_names(summaries[0].k), "p50, ms", "p99, ms", rows=rows)


def _classes(summary: Summary) -> Rows:
    rows: list[tuple[Any, ...]] = [
        (row.label, row.stored, row.queries, *(getattr(row.figures, name) for name in FIGURES))
        for row in summary.classes
    ]
    return table("class", "stored", "queries", *column_names(summary.k), rows=rows)


def _settings(rows: Sequence[SweepRow]) -> Rows:
    cells: list[tuple[Any, ...]] = [
        (
            row.engine,
            *("-" if value is None else str(value) for value in (row.m, row.ef_construction, row.ef_search)),
            row.recall,
            f"{row.p50_ms:.1f}",
            f"{row.p99_ms:.1f}",
            row.size_bytes,
        )
        for row in rows
    ]
    return table(*SETTING_COLUMNS, rows=cells)
