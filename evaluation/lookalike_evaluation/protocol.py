"""The article's protocol, for several models side by side: the same splits, one index a split; knows no command."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from lookalike.index import Index
from lookalike_evaluation.contender import Contender
from lookalike_evaluation.split import split
from lookalike_evaluation.summary import Summary, summarize
from lookalike_evaluation.trial import run_trial


def evaluate(
    contenders: Sequence[Contender],
    *,
    seeds: Sequence[int],
    share: float,
    k: int,
    size: int,
    open_index: Callable[[], AbstractContextManager[Index]],
    waiting: Callable[[str, int], None] = lambda name, seed: None,
) -> list[Summary]:
    """One summary a contender; they must have the same pictures in the same order (see `in_common`).

    `k` results of each query count; `size` are asked for. Raises what the index raises.
    """
    splits = [split(contenders[0].labels, share, seed) for seed in seeds]
    summaries = []
    for contender in contenders:
        trials = []
        for one in splits:
            waiting(contender.name, one.seed)
            trials.append(run_trial(contender, one, open_index=open_index, k=k, size=size))
        summaries.append(summarize(contender, trials, k))
    return summaries
