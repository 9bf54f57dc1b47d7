"""Vectors have the right shape and length, and every runtime returns the same ones."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lookalike.embedding import Embedder, Head, Layer, ModelSpec, Origin, identify, load, project, resolve
from lookalike.embedding.artifacts import fitted
from lookalike.embedding.runtimes.cpu import is_bf16_faster, time_in_8_bits
from lookalike.embedding.runtimes.graphs import has_bf16
from lookalike.errors import BadSetting
from lookalike.records import Metric, Pixels, Vectors
from lookalike.samples import samples

SHARED = Path(__file__).parents[3] / "shared" / "weights" / "resnet50-v1.5-imagenet.keras"


def _cosines(one: Vectors, other: Vectors) -> Vectors:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / lengths, np.float32)


def test_lite0_returns_float32_vectors_of_unit_length(embed: Embedder, images: Pixels, lite0: ModelSpec) -> None:
    vectors = embed(images)
    assert vectors.shape == (5, 256)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert embed.identity.fingerprint == lite0.fingerprint


def test_different_images_give_different_vectors(embed: Embedder, images: Pixels) -> None:
    vectors = embed(images[:3])
    assert (vectors @ vectors.T)[~np.eye(3, dtype=bool)].max() < 0.9


def test_an_image_has_the_same_vector_alone_and_in_a_batch(embed: Embedder, images: Pixels) -> None:
    together = embed(images)
    alone = np.concatenate([embed(images[i : i + 1]) for i in range(5)])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(together[::-1], embed(images[::-1]))


def test_threads_that_share_an_embedder_each_get_their_own_vectors(
    embed: Embedder, images: Pixels, lite0: ModelSpec, home: Path
) -> None:
    shared = load(lite0, home=home, precision="f32", threads=2)
    alone = embed(images)
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda turn: shared(images[turn % 5 :][:1])[0], range(40)))
    np.testing.assert_array_equal(np.stack(together), np.concatenate([alone] * 8))


#: Releases two models in the order of their creation, then sends a signal.
GONE = """
import os, signal, sys
from pathlib import Path
from lookalike.embedding import load, resolve

spec, home = resolve("efficientnet-lite0"), Path(sys.argv[1])
embedders = [load(spec, home=home, precision="f32", threads=2) for _ in range(2)]
while embedders:
    del embedders[0]
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_signal_after_models_are_released_is_an_interrupt_and_not_a_crash(embed: Embedder, home: Path) -> None:
    command = [sys.executable, "-c", GONE, str(home)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.stdout.strip(), done.returncode) == ("interrupted", 0), done.stderr


def test_an_empty_batch_returns_no_vectors(embed: Embedder, images: Pixels) -> None:
    assert embed(images[:0]).shape == (0, 256)


def test_openvino_and_tensorflow_agree(embed: Embedder, images: Pixels, lite0: ModelSpec, home: Path) -> None:
    reference = load(lite0, home=home, runtime="tensorflow", precision="f32", threads=2)
    assert reference.identity == embed.identity
    assert _cosines(reference(images), embed(images)).min() > 0.9999


def test_bf16_stays_close_to_f32_on_drawn_images(embed: Embedder, lite0: ModelSpec, home: Path) -> None:
    """Not on noise and plain colours, where all activations are small: 0007-precision.md has figures for both."""
    if not has_bf16():
        pytest.skip("this CPU has no bf16")
    drawn = np.stack([np.asarray(sample.drawn().resize((224, 224))) for sample in samples(per_class=1, seed=7)])
    fast = load(lite0, home=home, precision="bf16")
    assert _cosines(fast(drawn), embed(drawn)).min() > 0.995


#: Saves the vectors of the images in a file, computed with the instructions that the environment allows.
EMBED = """
import sys
from pathlib import Path
import numpy as np
from lookalike.embedding import load, resolve

embed = load(resolve("efficientnet-lite0"), home=Path(sys.argv[1]), precision=sys.argv[2])
np.save(sys.argv[4], embed(np.load(sys.argv[3])))
print(embed.precision)
"""


@pytest.mark.parametrize("precision", ["f32", "auto"])
@pytest.mark.parametrize("isa", ["SSE41", "AVX2", "AVX512_CORE"])
def test_older_instruction_sets_return_the_same_vectors(
    isa: str, precision: str, embed: Embedder, images: Pixels, home: Path, tmp_path: Path
) -> None:
    """Workers of one index may run on different CPUs; a CPU that lacks the instructions ignores the setting."""
    np.save(tmp_path / "images.npy", images)
    paths = [str(tmp_path / name) for name in ("images.npy", "vectors.npy")]
    command = [sys.executable, "-c", EMBED, str(home), precision, *paths]
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": isa}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.stdout.split() == ["f32"], done.stderr
    np.testing.assert_allclose(np.load(paths[1]), embed(images), atol=1e-5)


def test_auto_is_the_faster_precision_of_the_cpu(tmp_path: Path) -> None:
    cpus = {
        "vendor_id : GenuineIntel flags : avx2 avx512f avx512_bf16": False,
        "vendor_id : GenuineIntel flags : avx2 avx512f avx512_bf16 amx_bf16": True,
        "vendor_id : AuthenticAMD flags : avx2 avx512f avx512_bf16": True,
    }
    for number, (described, is_faster) in enumerate(cpus.items()):
        (tmp_path / str(number)).write_text(described.replace(" flags", "\nflags"))
        assert is_bf16_faster(tmp_path / str(number)) is is_faster, described
    assert is_bf16_faster(tmp_path / "not described")


@pytest.mark.parametrize(
    ("described", "precision", "time"),
    [
        ("avx2", "f32", "55 to 80 %"),
        ("avx2 avx_vnni", "f32", "a third to half"),
        ("avx512f avx512_vnni", "f32", "a third to half"),
        ("avx512f avx512_vnni avx512_bf16", "bf16", "half to three quarters"),
    ],
)
def test_8_bit_integers_take_the_less_time_the_better_the_cpu_multiplies_them(
    described: str, precision: str, time: str, tmp_path: Path
) -> None:
    (tmp_path / "cpuinfo").write_text(f"flags : {described}\n")
    assert time_in_8_bits(precision, tmp_path / "cpuinfo") == time
    assert time_in_8_bits(precision, tmp_path / "not described") == "55 to 80 %"


def test_tensorflow_in_bf16_stays_close_to_f32(small_file: Path, images: Pixels, home: Path) -> None:
    spec = resolve(str(small_file), preprocessing="tf")
    fast, exact = (load(spec, home=home, runtime="tensorflow", precision=name) for name in ("bf16", "f32"))
    difference = 1 - _cosines(fast(images), exact(images)).min()
    assert 1e-9 < difference < 0.005


@pytest.mark.parametrize(
    ("head", "dimension", "metric"),
    [(Head.PROJECTION, 256, Metric.COSINE), (Head.POOLED, 300, Metric.COSINE), (Head.ARTICLE, 256, Metric.L2)],
)
def test_a_file_works_with_every_head(
    head: Head, dimension: int, metric: Metric, small_file: Path, images: Pixels, home: Path
) -> None:
    spec = replace(resolve(str(small_file), preprocessing="torch"), head=head)
    embed = load(spec, home=home, runtime="tensorflow", precision="f32")
    assert (embed.identity.dimension, embed.identity.metric) == (dimension, metric)
    vectors = embed(images)
    assert vectors.shape == (5, dimension)
    sums = vectors.sum(axis=1) if head is Head.ARTICLE else np.linalg.norm(vectors, axis=1)
    np.testing.assert_allclose(sums, 1, atol=1e-5)


def test_a_file_with_the_article_head_is_the_same_in_openvino(small_file: Path, images: Pixels, home: Path) -> None:
    spec = replace(resolve(str(small_file), preprocessing="caffe"), head=Head.ARTICLE)
    compiled, reference = (load(spec, home=home, runtime=name, precision="f32") for name in ("openvino", "tensorflow"))
    assert compiled.identity == reference.identity == identify(spec, home)
    assert _cosines(compiled(images), reference(images)).min() > 0.9999


@pytest.fixture(scope="module")
def small_images(images: Pixels) -> Pixels:
    """The same for a model of 96 x 96."""
    return np.ascontiguousarray(images[:, 10:106, 20:116])


def test_an_image_and_its_mirror_image_have_the_same_vector_with_flip(sized_file: Path, small_images: Pixels) -> None:
    plain, both = (
        load(resolve(f"{sized_file}{options}", preprocessing="tf"), home=Path(), runtime="tensorflow", precision="f32")
        for options in (":pooled", ":pooled+flip")
    )
    mirrored = np.ascontiguousarray(small_images[:, :, ::-1])
    assert _cosines(both(small_images), both(mirrored)).min() > 0.99999
    assert _cosines(plain(small_images), plain(mirrored))[0] < 0.9999


def test_gem_is_between_mean_and_maximum_and_replaces_the_pooling_of_a_file(
    sized_file: Path, small_images: Pixels
) -> None:
    from lookalike.embedding.graph import keras_models

    gem = keras_models.build(resolve(f"{sized_file}:pooled+gem", preprocessing="tf"))
    spec = resolve(f"{sized_file}:pooled", preprocessing="tf")
    cosines = _cosines(gem(small_images).numpy(), keras_models.build(spec)(small_images).numpy())
    assert 0.5 < cosines[0] < 0.99999


def test_a_fitted_head_on_a_flipped_gem_base_is_the_same_in_every_runtime(
    sized_file: Path, small_images: Pixels, tmp_path: Path
) -> None:
    base = resolve(f"{sized_file}:pooled+gem+flip", preprocessing="torch")
    random = np.random.RandomState(5)
    layers = [
        Layer(random.standard_normal(shape).astype(np.float32), random.standard_normal(shape[1]).astype(np.float32))
        for shape in ((300, 20), (20, 7))
    ]
    origin = Origin(base.name, 5, 0, 0, "2026-01-01T00:00:00+00:00", {})
    spec = fitted.write(tmp_path, "mine", base, Head.CLASSIFIER, layers, origin).spec
    compiled, reference = (
        load(spec, home=tmp_path, runtime=name, precision="f32") for name in ("openvino", "tensorflow")
    )
    assert compiled.identity == reference.identity == identify(spec, tmp_path)
    assert (compiled.size, compiled.identity.dimension) == (96, 7)
    vectors = compiled(small_images)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert _cosines(reference(small_images), vectors).min() > 0.9999
    features = load(base, home=tmp_path, runtime="tensorflow", precision="f32")(small_images)
    assert _cosines(project(layers, features), vectors).min() > 0.9999


def test_the_shared_resnet50_distinguishes_images(images: Pixels, home: Path) -> None:
    if not SHARED.exists():
        pytest.skip(f"{SHARED.name} does not lie beside the checkout")
    vectors = load(resolve("resnet50", weights=SHARED), home=home, precision="f32")(images[:3])
    assert vectors.shape == (3, 256)
    assert (vectors @ vectors.T)[~np.eye(3, dtype=bool)].max() < 0.99


@pytest.mark.parametrize("wrong", [{"runtime": "abacus"}, {"precision": "f8"}])
def test_an_unknown_runtime_or_precision_is_refused(
    wrong: dict[str, str], embed: Embedder, lite0: ModelSpec, home: Path
) -> None:
    with pytest.raises(BadSetting, match="Choose one of auto"):
        load(lite0, home=home, **wrong)  # type: ignore[arg-type]
