"""`lookalike.evaluate`: measures search quality on a labelled folder, in a temporary index."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.errors import BadSetting
from lookalike.extras import check_installed
from lookalike.image_index import arguments
from lookalike.settings import Settings, read_settings
from lookalike.shown import as_html

if TYPE_CHECKING:
    from lookalike.fitting.progress import Progress
    from lookalike_evaluation.candidate import Candidate
    from lookalike_evaluation.collection import Collection
    from lookalike_evaluation.summary import Summary


@dataclass(frozen=True)
class Evaluation:
    """Figures of one or several models on the same splits; a notebook shows them as a table."""

    collection: "Collection"
    """The images and their classes."""
    candidates: tuple["Candidate", ...]
    """The models with the vectors of the images."""
    summaries: tuple["Summary", ...]
    """One item for each model."""
    remarks: tuple[str, ...]
    """What limits the figures."""
    rejected: int
    """Images that no model could read."""

    def _repr_html_(self) -> str:
        from lookalike_evaluation.metrics import FIGURES
        from lookalike_evaluation.summary import column_names

        head = _row("th", ["model", *column_names(self.summaries[0].k)])
        rows = [_row("td", [one.name, *map(one.with_interval, FIGURES)]) for one in self.summaries]
        return f"<table>{head}{''.join(rows)}</table>"


def evaluate(
    folder: str | os.PathLike[str],
    models: Sequence[str] = (),
    *,
    queries: float = 0.2,
    k: int = 10,
    size: int | None = None,
    seeds: Sequence[int] = range(5),
    **settings: Any,
) -> Evaluation:
    """Measure how good the results are on a folder with one sub-folder per class.

    Each class is split by seed: the share `queries` is searched for, the rest is stored. Every query requests `size`
    results (`k` unless given), of which the first `k` count. `models` are names as in docs/models.md; NAME+lda, +pca
    and +classifier fit a head on the stored part of each split. Without any, it is the chosen model or, if
    none was chosen, that of the index. Keywords are settings, as for `lookalike.open`.

    Raises MissingExtra, SourceMissing, BadSetting, ModelUnavailable, and what the index raises.
    """
    place = arguments.expanded(folder, "a folder")
    named = arguments.texts(models, "a model", "a list of models")
    arguments.whole_number(k, "k", 1)
    if size is not None and arguments.whole_number(size, "size", 1) < k:
        raise BadSetting(f"The size {size} is smaller than k = {k}.", "Request at least k results.")
    configured = read_settings(**settings)
    return evaluate_folder(
        configured,
        Path(place),
        named,
        queries=arguments.share(queries, "queries"),
        k=k,
        size=size or k,
        seeds=arguments.whole_numbers(seeds, "seed"),
    )


def evaluate_folder(
    settings: Settings,
    folder: Path,
    models: Sequence[str],
    *,
    queries: float,
    k: int,
    size: int,
    seeds: Sequence[int],
    progress: "Progress | None" = None,
) -> Evaluation:
    """As `evaluate`; `progress` shows how many images are embedded."""
    from lookalike import factories
    from lookalike.fitting.progress import silent
    from lookalike_evaluation import protocol
    from lookalike_evaluation.candidate_specs import candidate_specs, warnings
    from lookalike_evaluation.collection import check_classes, collect, notes
    from lookalike_evaluation.embed_models import distinct_models, embed_candidates
    from lookalike_evaluation.temporary import temporary_index
    from lookalike_producer.sources import find_images

    specs = candidate_specs(settings, models)
    _check_installed(any(spec.fit_on for spec in specs))
    collection = collect(folder, find_images([str(folder)]))
    # An unreachable index is reported before minutes of embedding.
    factories.list_indexes(settings)
    count = len(collection.references) * len(distinct_models(specs))
    with (progress or silent)("embed", count) as advance:
        candidates, rejected = embed_candidates(settings, specs, collection.references, advance)
    check_classes(collection.folder, candidates[0].labels)
    documents = candidates[0].documents
    remarks = warnings(specs) + notes(collection, documents, rejected=rejected, k=k, share=queries)
    place = partial(temporary_index, settings.index_location, factories.index_options(settings))
    summaries = protocol.evaluate(candidates, seeds=seeds, share=queries, k=k, size=size, open_index=place)
    return Evaluation(collection, tuple(candidates), tuple(summaries), tuple(remarks), rejected)


def _check_installed(fits_heads: bool) -> None:
    """Report a missing package before minutes of embedding."""
    modules = ("scipy", "sklearn") if fits_heads else ("scipy",)
    check_installed(*modules, needed_by="lookalike evaluate", extra="evaluate")


def _row(cell: str, texts: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{cell}>{as_html(text)}</{cell}>" for text in texts) + "</tr>"
