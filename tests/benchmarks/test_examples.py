"""Several examples are compared with one on the same splits, and a sheet shows what its region is of."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import examples
from benchmarks.examples import Labelled
from lookalike.queries.region import Region
from lookalike_evaluation.split import split

CLASSES, EACH, DIMENSION = 4, 60, 24


def noisy() -> Labelled:
    """Classes whose images are further from their centre than the centres are from one another."""
    random = np.random.default_rng(3)
    labels = np.repeat([f"class {number}" for number in range(CLASSES)], EACH)
    centres = np.repeat(random.normal(size=(CLASSES, DIMENSION)), EACH, axis=0)
    vectors = centres + 1.5 * random.normal(size=centres.shape)
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return Labelled("noisy", [Path(f"{number}.jpg") for number in range(len(labels))], unit, labels)


def mean(each: Sequence[tuple[float, float]]) -> tuple[float, float]:
    found, against = np.mean(each, axis=0)
    return float(found), float(against)


def test_two_examples_tell_more_of_a_class_than_one() -> None:
    found = noisy()
    one = split(list(found.labels), examples.SHARE, 0)
    compared = examples.two(found, one)
    both, alone = mean(compared.each)
    assert len(compared.each) == len(one.queries) and both > alone + 0.05


def test_a_negative_example_is_compared_without_its_image() -> None:
    found = noisy()
    one = split(list(found.labels), examples.SHARE, 0)
    compared = examples.and_not(found, one)
    query = one.queries[0]
    ten = found.nearest(one, found.vectors[query])
    wrong = next(position for position in ten if found.labels[position] != found.labels[query])
    label = str(found.labels[query])
    expected = [position for position in ten if position != wrong]
    assert found.precision(one, found.vectors[query], label, [wrong]) == np.mean(found.labels[expected] == label)
    assert 0 < len(compared.each) <= len(one.queries) and mean(compared.each)[0] != mean(compared.each)[1]


def test_a_quarter_of_a_sheet_is_its_image(tmp_path: Path) -> None:
    colours = ["red", "lime", "blue", "white"]
    paths = [tmp_path / f"{colour}.png" for colour in colours]
    for path, colour in zip(paths, colours, strict=True):
        Image.new("RGB", (30, 20), colour).save(path)
    sheet = examples._sheet(paths, 16)
    for at, colour in enumerate(colours):
        part = Region(50 * (at % 2), 50 * (at // 2), 50, 50, is_percent=True)
        expected = np.asarray(Image.new("RGB", (16, 16), colour))
        np.testing.assert_array_equal(examples._cut(sheet, part, 16), expected)
