"""Chunks that wait are merged, and each gets its own vectors."""

import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any, NoReturn

import numpy as np
import pytest

from lookalike.embedding.runtimes import batches
from lookalike.embedding.runtimes.batches import Batch
from lookalike.embedding.runtimes.merging import Merging
from lookalike.records import Metric, ModelIdentity, Pixels, Vectors
from testing.processes import await_true


class Means:
    """A model without a library: the mean and the first value of each image."""

    size, precision, batch_size = 2, "f32", 4
    canvases: tuple[int, ...] = ()

    def __init__(self, *together: int) -> None:
        self.identity = ModelIdentity("means", "0", 2, Metric.COSINE)
        self.together = together
        self.may_finish = threading.Event()
        self.calls: list[int] = []

    def begin(self, parts: Sequence[Batch]) -> Any:
        self.calls.append(len(parts))
        images = [part.pixels for part in parts]
        return [np.stack([one.mean(axis=(1, 2, 3)), one[:, 0, 0, 0]], axis=1).astype(np.float32) for one in images]

    def finish(self, begun: Any) -> Vectors:
        assert self.may_finish.wait(30)
        return np.concatenate(begun)


class Failed(Exception):
    pass


def unexpected(why: str) -> NoReturn:
    raise Failed(why)


def chunk(count: int, seed: int) -> Pixels:
    return np.random.RandomState(seed).randint(0, 256, (count, 2, 2, 3)).astype(np.uint8)


def in_batches(pixels: Pixels) -> list[Batch]:
    parts = [pixels[start : start + 4] for start in range(0, len(pixels), 4)]
    return [Batch(batches.whole(part, 4), len(part)) for part in parts]


def test_chunks_that_wait_are_merged_and_each_gets_its_own_vectors() -> None:
    model, other = Means(1, 2, 4), Means(1)
    other.may_finish.set()
    merging = Merging(unexpected, 60)
    chunks = [chunk(count, seed) for seed, count in enumerate((4, 4, 3, 9, 1, 4, 4))]
    chunks.append(chunk(4, seed=7).repeat(2, axis=1))
    waits = [merging.submit(model, in_batches(chunks[0]))]
    # Two calls are in flight; what comes now waits.
    await_true(lambda: model.calls == [1])
    waits.append(merging.submit(model, in_batches(chunks[1])))
    await_true(lambda: model.calls == [1, 1])
    for pixels in chunks[2:]:
        waits.append(merging.submit(model, in_batches(pixels)))
    of_other = merging.submit(other, in_batches(chunks[0]))
    model.may_finish.set()
    for pixels, wait in zip(chunks, waits, strict=True):
        expected = np.stack([pixels.mean(axis=(1, 2, 3)), pixels[:, 0, 0, 0]], axis=1)
        np.testing.assert_allclose(wait(), expected, rtol=1e-6)
    assert of_other().shape == (4, 2)
    # Seven batches of one shape waited for one model: of four chunks, and three of the one of nine images.
    assert model.calls == [1, 1, 4, 2, 1, 1]


def test_many_threads_each_get_their_own_vectors() -> None:
    model = Means(1, 2)
    model.may_finish.set()
    merging = Merging(unexpected, 60)

    def asked(seed: int) -> None:
        pixels = chunk(4, seed)
        np.testing.assert_array_equal(merging.submit(model, in_batches(pixels))()[:, 1], pixels[:, 0, 0, 0])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(asked, range(300)))


@pytest.mark.parametrize("breaks", [True, False])
def test_a_call_that_fails_or_hangs_is_noticed(breaks: bool) -> None:
    reasons: list[str] = []

    def fail(why: str) -> NoReturn:
        reasons.append(why)
        # The thread goes no further, as the process would not.
        while True:
            threading.Event().wait()

    model = Means(1)
    if breaks:
        model.may_finish.set()
    merging = Merging(fail, 60 if breaks else 0.05)
    merging.submit(model, [Batch(np.zeros((4, 2, 2) if breaks else (4, 2, 2, 3), np.uint8), 4)])
    await_true(lambda: bool(reasons))
    model.may_finish.set()
    assert ("AxisError" if breaks else "no answer of the device") in reasons[0]


def test_batches_that_nobody_waits_for_any_more_are_dropped() -> None:
    model = Means(1, 2, 4)
    merging = Merging(unexpected, 60)
    wanted = [True]
    waits = [merging.submit(model, in_batches(chunk(4, seed=0)))]
    await_true(lambda: model.calls == [1])
    waits.append(merging.submit(model, in_batches(chunk(4, seed=1))))
    await_true(lambda: model.calls == [1, 1])
    dropped = merging.submit(model, in_batches(chunk(12, seed=2)), lambda: wanted[0])
    waits.append(merging.submit(model, in_batches(chunk(4, seed=3))))
    wanted[0] = False
    model.may_finish.set()
    for seed, wait in zip((0, 1, 3), waits, strict=True):
        np.testing.assert_array_equal(wait()[:, 1], chunk(4, seed)[:, 0, 0, 0])
    with pytest.raises(CancelledError):
        dropped()
    assert model.calls == [1, 1, 1]
