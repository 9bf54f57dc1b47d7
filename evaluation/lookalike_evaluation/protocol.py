"""The article's protocol for several models: the same splits, one temporary index per split."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from lookalike.index import Index
from lookalike_evaluation.candidate import Candidate
from lookalike_evaluation.split import split
from lookalike_evaluation.summary import Summary, summarize
from lookalike_evaluation.trial import run_trial


def evaluate(
    candidates: Sequence[Candidate],
    *,
    seeds: Sequence[int],
    share: float,
    k: int,
    size: int,
    open_index: Callable[[], AbstractContextManager[Index]],
    waiting: Callable[[str, int], None] = lambda name, seed: None,
) -> list[Summary]:
    """Return one summary per candidate; all must have the same images in the same order (see `with_common_images`).

    Each query requests `size` results, of which the first `k` count. Raises what the index raises.
    """
    splits = [split(candidates[0].labels, share, seed) for seed in seeds]
    summaries = []
    for candidate in candidates:
        trials = []
        for one in splits:
            waiting(candidate.name, one.seed)
            trials.append(run_trial(candidate, one, open_index=open_index, k=k, size=size))
        summaries.append(summarize(candidate, trials, k))
    return summaries
