"""The ANN index of an embedded index, from an ingest on."""

from pathlib import Path

import pytest

from lookalike.index import AnnState, IndexInfo
from lookalike.records import Metric, ModelIdentity
from lookalike.samples import draw_samples
from lookalike_cli.doctor.index import searched
from testing.processes import answer
from tests.cli.inprocess import lookalike


@pytest.mark.parametrize("alone", ["lancedb"], indirect=True)
def test_an_ingest_of_enough_images_builds_it_and_searches_use_it(alone: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "images"
    draw_samples(folder, per_class=2)
    environment = {**alone, "LOOKALIKE_ANN_ROWS": "10"}
    count = answer(lookalike(environment, "ingest", folder, "--json"))["indexed"]
    assert count >= 10
    (info,) = answer(lookalike(environment, "index", "list", "--json"))["indexes"]
    assert info["ann_vectors"] == count
    image = next(path for path in sorted(folder.rglob("*")) if path.is_file())
    found = answer(lookalike(environment, "search", image, "-k", 5, "--json"))["matches"]
    exact = answer(lookalike(environment, "search", image, "-k", 5, "--exact", "--json"))["matches"]
    assert [match["id"] for match in found] == [match["id"] for match in exact]
    findings = answer(lookalike(environment, "doctor", "--json"))["findings"]
    assert f"an ANN index of {count} vectors" in next(item["detail"] for item in findings if item["what"] == "search")
    assert answer(lookalike(environment, "index", "optimize", "--json"))["ann_vectors"] == count


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (AnnState(0, is_building=False), "exact: each search compares all 30 vectors"),
        (AnnState(20, is_building=False), "an ANN index of 20 vectors; 10 later ones are compared one by one"),
        (AnnState(0, is_building=True), "exact: each search compares all 30 vectors; the ANN index is being built now"),
    ],
)
def test_doctor_says_how_an_index_is_searched(held: AnnState, said: str) -> None:
    info = IndexInfo("images", "images-v1", ModelIdentity("m", "f", 2, Metric.COSINE), 30, 1, ann=held)
    assert searched(info, held, least_rows=30) == said
    assert "is being built" not in searched(info, held, least_rows=31)
