"""Renders an evaluation as an HTML page: tables, plots, and the most interesting queries with their results."""

from collections.abc import Iterator, Sequence

from lookalike.plural import counted
from lookalike.shown import as_html
from lookalike_evaluation import plots
from lookalike_evaluation.metrics import FIGURES
from lookalike_evaluation.page import note, page, plot, table, thumbnail_figure
from lookalike_evaluation.summary import Summary, column_names
from lookalike_evaluation.sweep import SweepRow
from lookalike_evaluation.thumbnails import Thumbnail
from lookalike_evaluation.trial import Answer

#: How many queries of each kind the page shows, all from the first split.
WORST, BEST, SLOWEST = 12, 6, 6
#: Results shown per query.
SHOWN = 10


def render(
    folder: str,
    summaries: Sequence[Summary],
    *,
    notes: Sequence[str],
    settings: Sequence[SweepRow],
    thumbnail: Thumbnail,
) -> str:
    """Return the whole page as HTML."""
    return page(f"Search quality: {folder}", _body(summaries, notes, settings, thumbnail))


def _body(
    summaries: Sequence[Summary], notes: Sequence[str], settings: Sequence[SweepRow], thumbnail: Thumbnail
) -> Iterator[str]:
    first = summaries[0]
    yield note(
        f"{counted(first.queries, 'query', 'queries')} against {counted(first.stored, 'stored image')} of "
        f"{counted(len(first.classes), 'class', 'classes')}. "
        f"Means over {counted(len(first.trials), 'random split')}, with 95 % confidence intervals."
    )
    yield from map(note, notes)
    yield from _tables(summaries)
    yield plot(plots.precision_over_ranks(summaries), "precision by number of results, for each model")
    yield plot(plots.per_class(summaries), "precision of each class, for each model")
    if settings:
        yield "<h2>Index settings</h2>"
        yield settings_table(settings, first.k)
    for summary in summaries:
        yield from _model(summary, thumbnail)


def _tables(summaries: Sequence[Summary]) -> Iterator[str]:
    k = summaries[0].k
    rows: list[list[str | int | float]] = [
        [summary.name, *(summary.with_interval(name) for name in FIGURES), summary.p50_ms, summary.p99_ms]
        for summary in summaries
    ]
    yield table(["model", *column_names(k), "search p50, ms", "search p99, ms"], rows)
    fitted = [summary.name for summary in summaries if summary.is_fitted_per_split]
    if fitted:
        yield note(f"Fitted on the stored part of each split, never on its queries: {', '.join(fitted)}.")


def settings_table(settings: Sequence[SweepRow], k: int) -> str:
    rows: list[list[str | int | float]] = [
        [
            row.engine,
            *("-" if value is None else str(value) for value in (row.m, row.ef_construction, row.ef_search)),
            row.recall,
            row.p50_ms,
            row.p99_ms,
            row.size_bytes,
        ]
        for row in settings
    ]
    return table(["engine", "m", "ef_construction", "ef_search", f"recall@{k}", "p50, ms", "p99, ms", "bytes"], rows)


def _model(summary: Summary, thumbnail: Thumbnail) -> Iterator[str]:
    columns = ["class", "stored", "queries", *column_names(summary.k)]
    yield f"<h2>{as_html(summary.name)}</h2>"
    yield plot(plots.scores(summary), "scores of right and wrong results")
    yield plot(plots.confusion(summary), "label of the first result for the queries of each class")
    yield table(
        columns,
        (
            [row.label, row.stored, row.queries, *(getattr(row.figures, name) for name in FIGURES)]
            for row in summary.classes
        ),
    )
    yield note("Each row shows a query and its results with scores. A solid frame is right, a dashed one wrong.")
    for title, answers in _notable(summary):
        yield f"<h3>{title}</h3>"
        yield from (_answer(answer, thumbnail) for answer in answers)


def _notable(summary: Summary) -> list[tuple[str, list[Answer]]]:
    answers = summary.trials[0].answers

    def precision(answer: Answer) -> tuple[float, float]:
        figures = answer.figures(summary.k)
        return figures.map_at_k, figures.precision_at_k

    ranked = sorted(answers, key=precision)
    slow = sorted(answers, key=lambda answer: -answer.seconds)
    return [
        ("Worst queries", ranked[:WORST]),
        ("Best queries", ranked[::-1][:BEST]),
        ("Slowest queries", slow[:SLOWEST]),
    ]


def _answer(answer: Answer, thumbnail: Thumbnail) -> str:
    query = thumbnail_figure(thumbnail(answer.uri), f"{answer.label} ({answer.seconds * 1000:.1f} ms)", "query")
    results = (
        thumbnail_figure(
            thumbnail(match.uri), f"{match.score:.3f} {match.name or ''}", "right" if is_right else "wrong"
        )
        for match, is_right in list(zip(answer.matches, answer.right, strict=True))[:SHOWN]
    )
    return f'<div class="answer">{query}{"".join(results)}</div>'
