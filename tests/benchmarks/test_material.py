"""Every side of a benchmark gets the same images."""

from pathlib import Path

import pytest

from benchmarks import material


def test_a_small_sample_is_part_of_a_larger_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (tmp_path / f"{number:02d}.jpg").touch()
    monkeypatch.setattr(material, "IMAGES", tmp_path)
    everything = material.sample(100)
    assert material.sample(5) == everything[:5]
    assert sorted(everything) == sorted(str(path) for path in tmp_path.iterdir()) != everything


def test_a_folder_without_images_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(material, "IMAGES", tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in material.missing() and "LOOKALIKE_PICTURES" in material.missing()
