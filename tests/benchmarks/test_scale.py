"""The arithmetic and the page of `make scale`. The measurements themselves are not tested."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import page
from benchmarks.scale import command, plots, tables, workers
from benchmarks.scale.nearest import Nearest
from benchmarks.scale.references import Produced
from benchmarks.scale.vectors import Filled
from benchmarks.scale.waiting_workers import slope
from benchmarks.scale.workers import Rate
from lookalike.records import Vectors
from lookalike_evaluation.synthetic import clustered, clustered_parts


def unit(count: int, seed: int) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_the_nearest_neighbours_over_blocks_are_those_over_all_vectors() -> None:
    stored, queries = unit(60, seed=0), unit(7, seed=1)
    nearest = Nearest(queries, k=5)
    for numbers in np.array_split(np.arange(100, 160), 9):
        nearest.add(stored[numbers - 100], numbers)
    exact = [set((100 + np.argsort(-(stored @ query))[:5]).tolist()) for query in queries]
    assert nearest.recall(exact) == 1.0
    assert nearest.recall([{*list(found)[:4], 0} for found in exact]) == pytest.approx(0.8)


def test_fewer_vectors_than_k_are_all_nearest() -> None:
    nearest = Nearest(unit(1, seed=0), k=10)
    nearest.add(unit(3, seed=1), np.arange(3))
    assert nearest.recall([{0, 1, 2}]) == 1.0
    assert nearest.recall([{0}]) == pytest.approx(1 / 3)


def test_vectors_made_in_parts_have_every_number_once() -> None:
    uris = [document.uri for part in clustered_parts(25, 10, clusters=3) for document in part]
    assert uris == [document.uri for document in clustered(25, clusters=3).documents]


def test_the_rate_is_that_of_the_steady_part_of_a_job() -> None:
    slow_ends = [(0.0, 0), (5.0, 9), *((5.0 + second, 10 + 8 * second) for second in range(11)), (40.0, 100)]
    assert slope(slow_ends, 100) == pytest.approx(8.0)


def test_efficiency_is_paired_with_one_worker_of_the_same_round() -> None:
    runs = {1: [Rate(10, 1), Rate(5, 1)], 4: [Rate(36, 1), Rate(20, 1)]}
    assert workers.efficiencies(runs) == {1: [1.0, 1.0], 4: [0.9, 1.0]}
    with pytest.raises(ValueError):
        workers.efficiencies({1: [Rate(10, 1)], 4: [Rate(36, 1), Rate(20, 1)]})


def test_one_part_is_replaced_and_handwritten_text_stays(tmp_path: Path) -> None:
    path = tmp_path / "scale.md"
    begin, end = page.BEGIN.format(name="vectors", writer="make scale"), page.END.format(name="vectors")
    path.write_text(f"# Scale\n\n{begin}\nold\n{end}\n\nwritten by hand\n")
    page.renew(path, "workers", "again", "| 8 |")
    page.renew(path, "vectors", "again", r"\1 new")
    text = path.read_text()
    assert "old" not in text and text.index("# Scale") < text.index(r"\1 new") < text.index("written by hand")
    page.renew(path, "workers", "again", "| 9 |")
    assert "| 8 |" not in path.read_text() and r"\1 new" in path.read_text()


@pytest.mark.parametrize("option", ["--workers", "--hosts"])
def test_workers_and_hosts_need_a_measurement_of_one(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.run([option, "2,8"])
    assert f"{option} needs 1" in capsys.readouterr().err


def test_the_committed_page_has_every_part() -> None:
    text = command.PAGE.read_text()
    for name in command.PARTS:
        assert text.index(page.BEGIN.format(name=name, writer="make scale")) < text.index(page.END.format(name=name))


def test_every_part_has_a_table_for_one_round_and_for_several(tmp_path: Path) -> None:
    filled = Filled(insert_rate=1500, merge_s=3, p50_ms=2.5, p99_ms=6, recall=0.98, size_bytes=3 * 2**20)
    slower = replace(filled, insert_rate=1000)
    vectors = {("OpenSearch", 1000): [filled, slower], ("OpenSearch", 10_000): [filled], ("LanceDB", 1000): [slower]}
    plots.over_vectors(vectors, tmp_path / "vectors.svg")
    text = tables.of_vectors(vectors)
    assert "| OpenSearch | 1,000 | 2 | 1,250 (1,000\u20131,500) |" in text and "| LanceDB | 1,000 | 1 | 1,000 |" in text

    references = {1000: [Produced(9000, 60, 1.5)], 10_000: [Produced(9500, 61, 4)]}
    plots.over_references(references, tmp_path / "references.svg")
    assert "6,144 bytes" in tables.of_references(references, 6144) and "3.0 MiB" in tables.of_references(
        references, 6144
    )

    rates = {1: [Rate(10, 0.2), Rate(9, 0.2)], 8: [Rate(72, 1.1), Rate(63, 1.2)]}
    plots.over_workers(rates, tmp_path / "workers.svg")
    assert "Efficiency at 8 workers: 88.8%; the target is 90%, missed." in tables.of_workers(rates)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["references.svg", "vectors.svg", "workers.svg"]
