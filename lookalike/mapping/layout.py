"""Lays out vectors in two dimensions with t-SNE: near ones stay near one another."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.records import Vectors

#: Neighbours that count for each image, about (van der Maaten and Hinton, 2008, suggest 5 to 50).
PERPLEXITY = 30.0
#: Steps of both phases: openTSNE's usual ones.
EARLY_STEPS, STEPS = 250, 500
#: How much more near images attract each other in the first phase: openTSNE's usual value, and for less than FEW images
#: that of van der Maaten and Hinton (2008); with the former, a few dozen may end on a line.
EXAGGERATION, OF_FEW, FEW = 12.0, 4.0, 1000
#: Fewer images have no neighbourhoods that t-SNE could keep: their principal components show them.
LEAST_IMAGES = 8
#: Equal vectors have no neighbourhoods either.
LEAST_SPREAD = 1e-6
#: Width of the cells in which far images are taken together, in units of the layout, of which it gets 100 to 200 wide.
#: With openTSNE's usual 1, a step of 10,000 images takes three times as long in the end.
CELL = 2.0
#: How often the progress is told, in steps.
TOLD_EVERY = 25
#: Standard deviation of the places at the start (Kobak and Berens, "The art of using t-SNE", 2019).
START_SPREAD = 1e-4

Told = Callable[[float], None]
Points = NDArray[np.float64]


def lay_out(vectors: Vectors, threads: int, told: Told = lambda share: None) -> Points:
    """Places for vectors [N, D] whose first two dimensions have the greatest variance, float64 [N, 2].

    They are the same for the same vectors on the same machine. `told` is called with the share that is done; what it
    raises ends the layout.
    """
    start: Points = np.zeros((len(vectors), 2))
    start[:, : vectors.shape[1]] = vectors[:, :2]
    spread = float(start[:, 0].std())
    if len(vectors) < LEAST_IMAGES or spread < LEAST_SPREAD:
        return start
    found = _tsne(vectors, start / spread * START_SPREAD, threads, told)
    # It diverges for hardly any input, and then shows nothing.
    return found if np.isfinite(found).all() else start


def _tsne(vectors: Vectors, start: Points, threads: int, told: Told) -> Points:
    from openTSNE import TSNEEmbedding, affinity

    def report(step: int, error: float, places: Any) -> None:
        told((done + step) / (EARLY_STEPS + STEPS))

    if len(vectors) < FEW:
        # Threads would wait for one another in each step, on a busy machine for seconds.
        threads = 1
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    near = affinity.PerplexityBasedNN(vectors, perplexity=perplexity, n_jobs=threads, random_state=0)
    embedding = TSNEEmbedding(start, near, n_jobs=threads, random_state=0)
    reporting = {"inplace": True, "callbacks": report, "callbacks_every_iters": TOLD_EVERY, "ints_in_interval": CELL}
    done = 0
    exaggeration = OF_FEW if len(vectors) < FEW else EXAGGERATION
    embedding.optimize(EARLY_STEPS, exaggeration=exaggeration, momentum=0.5, **reporting)
    done = EARLY_STEPS
    embedding.optimize(STEPS, momentum=0.8, **reporting)
    points: Points = np.array(embedding, np.float64)
    return points
