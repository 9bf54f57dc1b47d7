"""Layouts, places, clusters and the bytes of a map, without an index."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.mapping.clusters import clusters_of
from lookalike.mapping.layout import LEAST_IMAGES, lay_out
from lookalike.mapping.placing import Placer
from lookalike.mapping.projection import DIMENSIONS, principal_components
from lookalike.mapping.record import NO_CLUSTER, Map, decode, encode, ids_of, is_id, scaled
from lookalike.mapping.sample import sample_of
from lookalike.records import Vectors, document_id

GROUPS, EACH = 6, 20


def grouped(dimension: int, seed: int = 3) -> Vectors:
    """Unit vectors around GROUPS centres, EACH of them, one group after the other."""
    random = np.random.default_rng(seed)
    centres = np.repeat(random.normal(size=(GROUPS, dimension)), EACH, axis=0)
    vectors = centres + 0.2 * random.normal(size=centres.shape)
    units: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return units


def example(count: int = 5) -> Map:
    places = np.linspace(0, 1, 2 * count, dtype=np.float32).reshape(count, 2)
    ids = ids_of([document_id(f"/{number}.jpg") for number in range(count)])
    return Map("a" * 16, "2026-01-02T03:04:05+00:00", count, ids, places, np.zeros(count, np.uint16))


def test_the_layout_keeps_groups_together_and_apart() -> None:
    told: list[float] = []
    vectors = grouped(80)
    near = principal_components(vectors)(vectors)
    places = scaled(lay_out(near, 1, told.append))
    assert near.shape == (GROUPS * EACH, DIMENSIONS) and places.dtype == np.float32
    assert places.min() == 0 and places.max() == 1
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (apart.argmin(axis=1) // EACH == np.arange(len(places)) // EACH).all()
    assert told == sorted(told) and told[-1] == 1.0
    np.testing.assert_array_equal(places, scaled(lay_out(near, 1)))


@pytest.mark.parametrize("seed", range(3))
def test_a_few_dozen_images_are_no_line(seed: int) -> None:
    vectors = grouped(250, seed)[:: EACH // 4]
    places = scaled(lay_out(principal_components(vectors)(vectors), 1))
    assert len(places) == 4 * GROUPS and np.ptp(places, axis=0).min() > 0.5
    assert len(np.unique(clusters_of(places))) > 2


@pytest.mark.parametrize("count", [1, 2, LEAST_IMAGES - 1, LEAST_IMAGES])
@pytest.mark.parametrize("dimension", [1, 3, 60])
def test_few_images_have_places_too(count: int, dimension: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(count, dimension)).astype(np.float32)
    places = scaled(lay_out(principal_components(vectors)(vectors), 1))
    assert places.shape == (count, 2) and np.isfinite(places).all()
    assert len(np.unique(places, axis=0)) == count


def test_images_that_are_all_equal_are_one_point() -> None:
    vectors = np.ones((40, 12), np.float32)
    places = scaled(lay_out(principal_components(vectors)(vectors), 1))
    assert len(np.unique(places, axis=0)) == 1 and np.isfinite(places).all()


def test_an_image_is_placed_in_the_cluster_of_its_neighbours() -> None:
    vectors = grouped(16)
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0], [0.5, 1]], np.float32)
    placer = Placer(vectors[::2], np.repeat(corners, EACH // 2, axis=0), 1)
    np.testing.assert_array_equal(placer(vectors[1::2]), np.repeat(corners, EACH // 2, axis=0))


def test_an_image_beside_few_others_is_placed() -> None:
    placer = Placer(np.eye(3, dtype=np.float32), np.eye(3, 2, dtype=np.float32), 1)
    assert placer(np.zeros((1, 3), np.float32)).shape == (1, 2)


def test_clusters_are_the_hills_of_the_density_the_largest_first() -> None:
    random = np.random.default_rng(1)
    sizes = {(0.2, 0.2): 300, (0.8, 0.8): 600, (0.2, 0.8): 100}
    places = np.concatenate([random.normal(at, 0.02, size=(count, 2)) for at, count in sizes.items()])
    clusters = clusters_of(places.clip(0, 1).astype(np.float32))
    assert clusters.dtype == np.uint16 and len(clusters) == 1000
    first, second, third = np.split(clusters, [300, 900])
    for number, some in ((1, first), (0, second), (2, third)):
        assert (some == number).mean() > 0.9


def test_images_far_from_all_others_are_in_no_cluster() -> None:
    places = np.concatenate([np.full((500, 2), 0.5), [[0.0, 0.0], [1.0, 1.0]]]).astype(np.float32)
    clusters = clusters_of(places)
    assert set(clusters[:500]) == {0} and list(clusters[500:]) == [NO_CLUSTER, NO_CLUSTER]


def test_a_map_survives_as_bytes() -> None:
    made = example()
    found = decode(encode(made))
    assert found is not None
    assert found.texts() == [document_id(f"/{number}.jpg") for number in range(5)]
    assert (found.fingerprint, found.made_at, found.sample) == (made.fingerprint, made.made_at, made.sample)
    np.testing.assert_array_equal(found.places, made.places)
    np.testing.assert_array_equal(found.clusters, made.clusters)


def test_ids_are_found_by_their_row() -> None:
    texts = sorted(document_id(f"/{number}.jpg") for number in range(1000))
    made = replace(example(), ids=ids_of(texts[::2]))
    rows = made.rows_of([*texts, "0" * 40, "f" * 40])
    assert rows.tolist() == [row for number in range(500) for row in (number, -1)] + [-1, -1]
    assert made.rows_of([]).tolist() == [] and replace(made, ids=ids_of([])).rows_of(texts[:3]).tolist() == [-1] * 3
    # Only the beginning is the same.
    assert made.rows_of([f"{texts[0][:39]}{'1' if texts[0][39] == '0' else '0'}"]).tolist() == [-1]
    assert is_id(texts[0]) and not any(map(is_id, ("", "x" * 40, texts[0].upper().replace("0", "A"), texts[0] + "\n")))


def test_bytes_that_are_no_map_are_none() -> None:
    whole, made = encode(example()), example()
    broken = replace(made, places=made.places[:-1])
    infinite = replace(made, places=np.full_like(made.places, np.nan))
    for data in (b"", b"map", whole[: len(whole) // 2], encode(broken), encode(infinite)):
        assert decode(data) is None


def test_a_sample_stays_the_same_while_images_come_and_go() -> None:
    ids = [document_id(f"/{number}.jpg") for number in range(1000)]
    sample = sample_of(reversed(ids), 100)
    assert sample == sorted(ids)[:100] and sample_of(ids[:50], 100) == sorted(ids[:50])
    assert len(set(sample) & set(sample_of(ids[10:], 100))) >= 90
