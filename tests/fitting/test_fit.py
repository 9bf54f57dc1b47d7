"""Each kind of head, fitted to clouds: its shape, its quality, and what it depends on."""

import numpy as np
import pytest

from lookalike.embedding import Head
from lookalike.errors import BadSetting
from lookalike.fitting import FITTED_HEADS, classifier, discriminant, fit, fit_on
from lookalike.records import Vectors
from tests.fitting.conftest import CLASSES, EACH, clouds

Labels = list[str | None]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "HIDDEN", 64)
    monkeypatch.setattr(classifier, "MAX_EPOCHS", 2)


def _precision_at_1(stored: Vectors, asked: Vectors, labels: Labels) -> float:
    names = np.array(labels)
    return float((names[np.argmax(asked @ stored.T, axis=1)] == names).mean())


@pytest.mark.parametrize("kind", FITTED_HEADS)
def test_a_fitted_head_returns_unit_vectors_and_better_results_on_unseen_images(
    kind: Head, features: Vectors, labels: Labels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "MAX_EPOCHS", 15)
    transform = fit_on(kind, features, labels, dimensions=16)
    unseen = clouds(seed=1)
    stored, asked = transform(features), transform(unseen)
    assert stored.dtype == np.float32
    assert stored.shape == (CLASSES * EACH, CLASSES - 1 if kind is Head.LDA else 16)
    np.testing.assert_allclose(np.linalg.norm(asked, axis=1), 1, atol=1e-5)
    assert _precision_at_1(stored, asked, labels) > _precision_at_1(features, unseen, labels) + 0.08


@pytest.mark.parametrize("kind", FITTED_HEADS)
def test_a_seed_matters_to_the_classifier_alone(kind: Head, features: Vectors, labels: Labels) -> None:
    one, same, other = (fit(kind, features, labels, dimensions=8, seed=seed)[0] for seed in (1, 1, 2))
    for mine, again in zip(one, same, strict=True):
        np.testing.assert_array_equal(mine.kernel, again.kernel)
        np.testing.assert_array_equal(mine.bias, again.bias)
    assert np.array_equal(one[0].kernel, other[0].kernel) is (kind is not Head.CLASSIFIER)


def test_the_classifier_is_removed_and_two_layers_stay(features: Vectors, labels: Labels) -> None:
    hidden, last = fit(Head.CLASSIFIER, features, labels, dimensions=8)[0]
    assert hidden.kernel.shape == (features.shape[1], 64)
    assert last.kernel.shape == (64, 8)


def test_lda_keeps_the_best_directions_where_there_are_more_classes_than_dimensions(
    features: Vectors, labels: Labels
) -> None:
    few, all_of_them = (fit(Head.LDA, features, labels, dimensions=number)[0][0] for number in (2, 256))
    assert all_of_them.kernel.shape[1] == CLASSES - 1
    np.testing.assert_array_equal(few.kernel, all_of_them.kernel[:, :2])


@pytest.mark.parametrize("each", [2, 5, EACH])
def test_lda_of_few_images_equals_the_analysis_in_all_channels(features: Vectors, labels: Labels, each: int) -> None:
    """With 10 and 25 images of 32 channels, `fit` works in the span of the images; with 150 it cannot be smaller."""
    # Not at the top: it takes seconds, and every process of the tests reads this module.
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    chosen = [number for number in range(len(features)) if number % EACH < each]
    some, classes = features[chosen], np.repeat(np.arange(CLASSES), each)
    found = LinearDiscriminantAnalysis(solver="eigen", shrinkage=discriminant.SHRINKAGE).fit(
        some.astype(float), classes
    )
    expected = (features - some.mean(0)) @ found.scalings_[:, : CLASSES - 1]
    (layer,) = discriminant.fit(some, classes, 256)
    vectors = features @ layer.kernel + layer.bias
    # An eigenvector may point either way.
    np.testing.assert_allclose(vectors * np.sign((vectors * expected).sum(0)), expected, rtol=1e-3, atol=1e-3)


def test_pca_has_no_more_dimensions_than_images_or_features_allow(features: Vectors) -> None:
    assert len(fit(Head.PCA, features[:5], [None] * 5)[0][0].bias) == 4
    assert len(fit(Head.PCA, features, [None] * len(features))[0][0].bias) == features.shape[1]
    twice = np.concatenate([features[:4], features[:4]])
    assert len(fit(Head.PCA, twice, [None] * 8)[0][0].bias) == 3


def test_pca_scales_every_component_by_the_square_root_of_its_spread(features: Vectors) -> None:
    layer = fit(Head.PCA, features, [None] * len(features), dimensions=4)[0][0]
    scores = features @ layer.kernel + layer.bias
    np.testing.assert_allclose(scores.mean(axis=0), 0, atol=1e-5)
    centered = features - features.mean(axis=0)
    spread = np.linalg.svd(centered, compute_uv=False)[:4] / np.sqrt(len(features) - 1)
    np.testing.assert_allclose(scores.std(axis=0, ddof=1), np.sqrt(spread), rtol=1e-3)


@pytest.mark.parametrize("kind", FITTED_HEADS)
def test_images_that_do_not_differ_are_refused(kind: Head, features: Vectors, labels: Labels) -> None:
    alike = np.tile(features[:1], (len(features), 1))
    with pytest.raises(BadSetting, match="no difference between the images"):
        fit(kind, alike, labels)


@pytest.mark.parametrize(("kind", "classes"), [(Head.LDA, 1), (Head.LDA, 2), (Head.CLASSIFIER, 1)])
def test_too_few_classes_are_refused_with_advice(kind: Head, classes: int, features: Vectors, labels: Labels) -> None:
    rows = classes * EACH
    with pytest.raises(BadSetting, match=r"here is (one class|2 classes)") as caught:
        fit(kind, features[:rows], labels[:rows])
    assert "--head pca" in str(caught.value)
    assert len(fit(Head.PCA, features[:rows], labels[:rows])[0]) == 1


def test_classes_whose_images_do_not_differ_are_refused(features: Vectors, labels: Labels) -> None:
    with pytest.raises(BadSetting, match="no difference between the images of a class"):
        fit(Head.LDA, features[::EACH].repeat(EACH, axis=0), labels)


def test_images_without_any_label_are_refused(features: Vectors) -> None:
    with pytest.raises(BadSetting, match="here is no class"):
        fit(Head.LDA, features, [None] * len(features))


def test_classes_of_one_image_and_images_without_a_label_are_left_out_and_named(
    features: Vectors, labels: Labels
) -> None:
    more = np.concatenate([features, clouds(seed=3)[:3]])
    layers, training = fit(Head.LDA, more, [*labels, "lonely", None, None])
    assert len(training.features) == len(features)
    assert training.names == tuple(sorted({label for label in labels if label}))
    assert "2 images" in training.notes[0] and "lonely" in training.notes[1]
    np.testing.assert_array_equal(layers[0].kernel, fit(Head.LDA, features, labels)[0][0].kernel)


def test_too_few_images_are_refused(features: Vectors) -> None:
    with pytest.raises(BadSetting, match="2 images are too few"):
        fit(Head.PCA, features[:2], [None, None])
