"""How many images a call takes is measured once for each CPU and kept; it changes no vector."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lookalike.embedding.runtimes.batching import SIZE, Batching, faster, keep, read
from lookalike.records import Pixels, Vectors

PIXELS: Pixels = np.random.RandomState(0).randint(0, 256, (2 * SIZE + 3, 2, 2, 3)).astype(np.uint8)
MEANS: Vectors = PIXELS.mean(axis=(1, 2), dtype=np.float32)


class Graph:
    """Returns the mean colour of each image, and counts the images of each call."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, pixels: Pixels) -> Vectors:
        self.calls.append(len(pixels))
        return np.asarray(pixels.mean(axis=(1, 2)), np.float32)

    def compiled(self, count: int) -> Callable[[Pixels], Vectors]:
        assert count == SIZE
        return self


def filled(batching: Batching, single: Graph, pixels: Pixels = PIXELS) -> int:
    """How many images were embedded in batches; their vectors are right."""
    vectors = np.zeros((len(pixels), 3), np.float32)
    done = batching.fill(vectors, pixels, single)
    np.testing.assert_allclose(vectors[:done], MEANS[:done], rtol=1e-6)
    return done


@pytest.mark.parametrize(
    ("single", "batch", "size"),
    [
        ([2.0, 1.0, 9.0], [5.0, 0.9, 0.9], SIZE),
        # Equally fast, or not worth a second graph in memory.
        ([1.0, 1.0], [1.0, 1.0], 1),
        ([1.0, 1.0], [0.96, 1.0], 1),
        ([1.0, 1.0], [1.2, 0.9], SIZE),
    ],
)
def test_a_batch_must_be_clearly_faster(single: list[float], batch: list[float], size: int) -> None:
    assert faster({1: single, SIZE: batch}) == size


def test_the_first_chunk_measures_and_the_choice_is_kept(tmp_path: Path) -> None:
    kept, single, batch = tmp_path / "batching.json", Graph(), Graph()
    batching = Batching(batch.compiled, kept, "this CPU")
    assert filled(batching, single, PIXELS[: SIZE - 1]) == 0 and not single.calls
    filled(batching, single)
    assert single.calls and batch.calls
    assert read(kept, "this CPU") in (1, SIZE)
    assert (kept.stat().st_mode & 0o777) == 0o644
    again = Graph()
    filled(Batching(Graph().compiled, kept, "this CPU"), again)
    assert not again.calls


def test_whole_batches_are_embedded_together_and_the_rest_alone(tmp_path: Path) -> None:
    kept, batch = tmp_path / "batching.json", Graph()
    keep(kept, "this CPU", SIZE)
    assert filled(Batching(batch.compiled, kept, "this CPU"), Graph()) == 2 * SIZE
    assert batch.calls == [SIZE, SIZE]


def test_cpus_that_share_a_graph_choose_for_themselves(tmp_path: Path) -> None:
    kept = tmp_path / "batching.json"
    keep(kept, "this CPU", SIZE)
    keep(kept, "another CPU", 1)
    assert (read(kept, "this CPU"), read(kept, "another CPU"), read(kept, "a third")) == (SIZE, 1, None)
    assert filled(Batching(Graph().compiled, kept, "another CPU"), Graph()) == 0


@pytest.mark.parametrize("content", ["", "[]", "{", json.dumps({"this CPU": 3}), json.dumps({"this CPU": None})])
def test_a_damaged_file_is_measured_again(content: str, tmp_path: Path) -> None:
    kept, single = tmp_path / "batching.json", Graph()
    kept.write_text(content)
    filled(Batching(Graph().compiled, kept, "this CPU"), single)
    assert single.calls and read(kept, "this CPU") in (1, SIZE)


def test_where_nothing_can_be_written_the_choice_holds_for_the_process(tmp_path: Path) -> None:
    single = Graph()
    batching = Batching(Graph().compiled, tmp_path / "missing" / "file" / "batching.json", "this CPU")
    (tmp_path / "missing").touch()
    filled(batching, single)
    measured = len(single.calls)
    filled(batching, single)
    assert len(single.calls) == measured > 0


def test_the_folder_of_a_graph_that_was_moved_aside_is_not_made_again(tmp_path: Path) -> None:
    kept, moved = tmp_path / "fingerprint" / "batching.json", tmp_path / "aside"
    kept.parent.mkdir()
    batching = Batching(Graph().compiled, kept, "this CPU")
    kept.parent.rename(moved)
    filled(batching, Graph())
    # The cache takes a folder of this name for a built model.
    assert [path.name for path in tmp_path.iterdir()] == ["aside"]
