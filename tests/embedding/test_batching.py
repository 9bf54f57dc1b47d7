"""How a graph runs is measured once for each CPU, with chunks of an ingest, and kept; a call of several images changes
no vector."""

import fcntl
import json
import logging
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lookalike.embedding.runtimes.batching import AFTER, ROUNDS, Batching, Run, is_faster
from lookalike.embedding.runtimes.choices import FILE, SIZE, Choices, Way
from lookalike.embedding.runtimes.cpu import described
from lookalike.errors import ModelUnavailable
from lookalike.records import Pixels, Vectors

#: Enough for the next chunk to measure: whole calls of SIZE images, and a rest.
PIXELS: Pixels = np.random.RandomState(0).randint(1, 256, (AFTER + 3, 2, 2, 3)).astype(np.uint8)
MEANS: Vectors = PIXELS.mean(axis=(1, 2), dtype=np.float32)
USUAL = Way("f32", 1)


class Graphs:
    """Return the mean colour of each image, and count the images of each way."""

    def __init__(self) -> None:
        self.images: Counter[Way] = Counter()

    def run(self, way: Way, pixels: Pixels) -> Vectors:
        assert len(pixels) == way.images
        self.images[way] += len(pixels)
        return np.asarray(pixels.mean(axis=(1, 2)), np.float32)

    def batching(self, choices: Choices, *precisions: str) -> Batching:
        return Batching(lambda way: partial(self.run, way), choices, precisions or ("f32",))


@pytest.fixture
def choices(tmp_path: Path) -> Choices:
    (tmp_path / "model.xml").touch()
    return Choices(tmp_path / "model.xml", "this CPU")


def embed(batching: Batching, pixels: Pixels = PIXELS) -> None:
    """All vectors are right."""
    vectors = np.zeros((len(pixels), 3), np.float32)
    batching.fill(vectors, pixels)
    np.testing.assert_allclose(vectors, MEANS[: len(pixels)], rtol=1e-6)


def embed_twice(batching: Batching) -> None:
    """The second chunk measures."""
    embed(batching)
    embed(batching)


@pytest.mark.parametrize(
    ("usual", "rival", "is_chosen"),
    [
        ([2.0, 1.0, 9.0], [5.0, 0.9, 0.9], True),
        ([1.0, 1.0], [1.0, 1.0], False),
        # Noise.
        ([1.0, 1.0], [0.96, 1.0], False),
        ([1.0, 1.0], [1.2, 0.9], True),
    ],
)
def test_another_way_must_be_clearly_faster(usual: list[float], rival: list[float], is_chosen: bool) -> None:
    assert is_faster(rival, usual) == is_chosen


def test_a_small_ingest_measures_nothing(choices: Choices) -> None:
    graphs = Graphs()
    batching = graphs.batching(choices, "f32", "bf16")
    embed(batching, PIXELS[: AFTER - 1])
    embed(batching, PIXELS[:1])
    assert graphs.images == {USUAL: AFTER} and choices.read() is None
    embed(batching, PIXELS[: SIZE - 1])
    assert not batching.is_chosen


def test_each_image_of_a_chunk_that_measures_is_embedded_by_one_of_both_ways(choices: Choices) -> None:
    graphs = Graphs()
    batching = graphs.batching(choices)
    embed(batching)
    graphs.images.clear()
    embed(batching, PIXELS[: 2 * ROUNDS * SIZE])
    assert graphs.images == {USUAL: ROUNDS * SIZE, Way("f32", SIZE): ROUNDS * SIZE}
    assert batching.is_chosen and choices.read() == batching.way


def test_precisions_are_compared_first_and_then_images_per_call(choices: Choices) -> None:
    graphs = Graphs()
    embed_twice(graphs.batching(choices, "f32", "bf16"))
    chosen = choices.read()
    assert chosen is not None
    assert {USUAL, Way("bf16", 1), Way(chosen.precision, SIZE)} == set(graphs.images)


def test_short_chunks_measure_as_well(choices: Choices) -> None:
    batching = Graphs().batching(choices)
    for _ in range(AFTER):
        embed(batching, PIXELS[: SIZE + 1])
    assert choices.read() == batching.way


def test_a_choice_is_kept_for_other_processes(choices: Choices, tmp_path: Path) -> None:
    choices.keep(Way("bf16", SIZE))
    assert ((tmp_path / FILE).stat().st_mode & 0o777) == 0o644
    graphs = Graphs()
    embed_twice(graphs.batching(choices, "f32", "bf16"))
    assert set(graphs.images) == {Way("bf16", SIZE)}


def test_one_process_measures_and_the_others_take_its_choice(choices: Choices, tmp_path: Path) -> None:
    graphs = Graphs()
    batching = graphs.batching(choices)
    embed(batching)
    with (tmp_path / "model.xml").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        embed(batching)
        assert set(graphs.images) == {USUAL} and not batching.is_chosen
        choices.keep(Way("f32", SIZE))
        graphs.images.clear()
        embed(batching)
    assert set(graphs.images) == {Way("f32", SIZE)}


def test_cpus_that_share_a_graph_choose_for_themselves(choices: Choices, tmp_path: Path) -> None:
    other = Choices(tmp_path / "model.xml", "another CPU")
    choices.keep(Way("f32", SIZE))
    other.keep(Way("bf16", 1))
    assert (choices.read(), other.read()) == (Way("f32", SIZE), Way("bf16", 1))
    assert Choices(tmp_path / "model.xml", "a third").read() is None


#: The second is that of an older version.
WRONG: tuple[object, ...] = (
    None,
    4,
    [],
    {"precision": "f32", "images": 3},
    {"precision": [], "images": 4},
    {"images": {}},
)


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "[]",
        "{",
        "\x00",
        pytest.param("[" * 100_000, id="deep"),
        *(json.dumps({"this CPU": choice}) for choice in WRONG),
    ],
)
def test_a_damaged_or_older_file_is_measured_again(kept: str, choices: Choices, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(kept)
    assert choices.read() is None
    embed_twice(Graphs().batching(choices))
    assert choices.read() is not None


def test_where_nothing_can_be_written_the_choice_holds_for_the_process(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    graphs = Graphs()
    batching = graphs.batching(Choices(tmp_path / "file" / "model.xml", "this CPU"))
    embed_twice(batching)
    assert batching.is_chosen and len(graphs.images) == 2
    graphs.images.clear()
    embed(batching)
    assert set(graphs.images) == {batching.way}


@pytest.mark.parametrize("kept", [None, Way("f32", SIZE)])
def test_a_graph_that_is_damaged_after_it_was_loaded_does_not_end_the_ingest(
    kept: Way | None, choices: Choices, caplog: pytest.LogCaptureFixture
) -> None:
    graphs = Graphs()

    def compiled(way: Way) -> Run:
        if way != USUAL:
            raise ModelUnavailable("The compiled model cannot run.")
        return partial(graphs.run, way)

    batching = Batching(compiled, choices, ["f32"])
    embed(batching)
    if kept is not None:
        choices.keep(kept)
    with caplog.at_level(logging.WARNING):
        embed_twice(batching)
    assert set(graphs.images) == {USUAL} and choices.read() == kept
    assert caplog.text.count("goes on with the graph that it has") == 1


def test_a_virtual_machine_that_hides_instructions_is_another_cpu(tmp_path: Path) -> None:
    shown, hidden = tmp_path / "shown", tmp_path / "hidden"
    shown.write_text("model name\t: A CPU\nflags\t: fpu avx2 avx512f avx512_vnni\n")
    hidden.write_text("model name\t: A CPU\nflags\t: fpu avx2\n")
    assert described(shown).startswith("A CPU (avx2 avx512f avx512_vnni), ")
    assert len({described(shown), described(hidden), described(tmp_path / "missing")}) == 3


def test_the_folder_of_a_graph_that_was_moved_aside_is_not_made_again(tmp_path: Path) -> None:
    graph = tmp_path / "fingerprint" / "model.xml"
    graph.parent.mkdir()
    batching = Graphs().batching(Choices(graph, "this CPU"))
    graph.parent.rename(tmp_path / "aside")
    embed_twice(batching)
    assert batching.is_chosen
    # The cache takes a folder of this name for a built model.
    assert [path.name for path in tmp_path.iterdir()] == ["aside"]
