"""JAX runs the same Keras graph and returns the same vectors; each test asks a process of its own, because Keras runs
on TensorFlow in this one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.embedding import Embedder, ModelSpec, load, resolve
from lookalike.errors import ModelUnavailable
from lookalike.records import Pixels, Vectors

#: Packages that a program of ours leaves out, where it runs JAX.
NOT_NEEDED = {"matplotlib", "openvino", "pandas", "sklearn", "tensorflow", "torch"}
#: Saves the vectors of images, in float32 and in bfloat16, and those of the default model. Prints the identity of the
#: model, and which of further packages were imported.
EMBED = """
import sys
from pathlib import Path
import numpy as np
from lookalike.embedding import ModelSpec, load, resolve
from lookalike.embedding.graph import chosen

chosen.without_extras()
home, spec, folder, *packages = sys.argv[1:]
images = np.load(Path(folder, "images.npy"))
for precision in ("f32", "bf16"):
    embed = load(ModelSpec.from_json(spec), home=Path(home), runtime="jax", precision=precision)
    assert embed.precision == precision
    np.save(Path(folder, precision), embed(images))

from lookalike.embedding.runtimes import jax
# A batch of 32 takes five seconds of a core.
jax.BATCH_SIZE = 4
default = load(resolve("efficientnet-lite0"), home=Path(home), runtime="jax", precision="f32")
np.save(Path(folder, "default"), default(np.load(Path(folder, "default images.npy"))))
print(embed.identity, *set(packages) & set(sys.modules))
"""
#: XLA compiles in a third of the time; the graphs of these tests run only a few times.
FLAGS = "--xla_backend_optimization_level=1"


def least_cosine(one: Vectors, other: Vectors) -> float:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(((one * other).sum(axis=1) / lengths).min())


#: The largest length of the difference of two vectors of length 1. The error of a sum of n products is about sqrt(n) u
#: of the sum of their sizes (Higham and Mary, "A New Approach to Probabilistic Rounding Error Analysis", 2019, theorem
#: 3.1), with u = 2**-24. In Lite0 n is at most 1,152, and two runtimes have 50 layers each, whose errors add up like
#: random ones: 2**-24 * sqrt(1152 * 2 * 50) = 2e-5.
FLOAT32_ERROR = 2e-5


def test_jax_and_tensorflow_agree_about_a_file_with_gem_and_flip_and_jax_and_openvino_about_the_default_model(
    sized_file: Path, images: Pixels, home: Path, embed: Embedder, tmp_path: Path
) -> None:
    """More images than a batch, which is padded. JAX alone is loaded: TensorFlow would take four seconds and 400 MB."""
    spec = resolve(f"{sized_file}:pooled+gem+flip", preprocessing="torch")
    many = np.concatenate([np.ascontiguousarray(images[:, at : at + 96, at : at + 96]) for at in range(8)])
    reference = load(spec, home=home, runtime="tensorflow", precision="f32")
    np.save(tmp_path / "images.npy", many)
    np.save(tmp_path / "default images.npy", images)
    printed, _ = run_in_python(EMBED, str(home), spec.to_json(), str(tmp_path), *NOT_NEEDED)
    exact, fast = (np.load(tmp_path / f"{precision}.npy") for precision in ("f32", "bf16"))
    assert printed.strip() == str(reference.identity) and exact.dtype == np.float32
    assert np.linalg.norm(exact - reference(many), axis=1).max() < FLOAT32_ERROR
    assert 1e-9 < 1 - least_cosine(fast, exact) < 0.005
    assert np.linalg.norm(np.load(tmp_path / "default.npy") - embed(images), axis=1).max() < FLOAT32_ERROR


def run_in_python(code: str, *arguments: str) -> tuple[str, str]:
    """What it prints, and its log."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "XLA_FLAGS": FLAGS}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


#: Prints what was found out about the batches of one model, as JSON.
BATCHES = """
import json
import sys
from pathlib import Path
import numpy as np
from lookalike.embedding import ModelSpec
from lookalike.embedding.graph import chosen
chosen.without_extras()
from lookalike.embedding.runtimes.batches import Batch
from lookalike.embedding.runtimes.jax import CACHE, JaxEmbedder
from lookalike.embedding.runtimes.resizing import resized
from PIL import Image
from lookalike.decoding import resizing
import jax

home, spec = Path(sys.argv[1]), ModelSpec.from_json(sys.argv[2])
embed = JaxEmbedder(spec, home=home, together=(1, 2))
random = np.random.RandomState(0)
parts = random.randint(0, 256, (2, embed.batch_size, embed.size, embed.size, 3)).astype(np.uint8)
batches = [Batch(part, len(part)) for part in parts]
alone = np.concatenate([embed.finish(embed.begin([batch])) for batch in batches])
found = {"merged": np.abs(alone - embed.finish(embed.begin(batches))).max(), "together": embed.together}

damaged = list((home / CACHE).iterdir())
for path in damaged:
    path.write_bytes(b"damaged")
jax.clear_caches()
found |= {"damaged": len(damaged), "again": np.abs(JaxEmbedder(spec, home=home)(np.concatenate(parts)) - alone).max()}
found["left"] = sum(path.read_bytes() == b"damaged" for path in (home / CACHE).iterdir())
found["kept"] = len(list((home / CACHE).iterdir()))

class Small(JaxEmbedder):
    # As a GPU that has memory for eight images.
    def begin(self, parts):
        if sum(len(part.pixels) for part in parts) > 8:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 1 bytes.")
        return super().begin(parts)

small = Small(spec, home=home, together=(1, 2))
found |= {"small": [small.batch_size, small.together], "same": np.abs(small(np.concatenate(parts)) - alone).max()}

def at_own_sizes(sizes, canvas):
    images = [random.randint(0, 256, (*size, 3)).astype(np.uint8) for size in sizes]
    data = np.full(len(sizes) * canvas * canvas * 3, 255, np.uint8)
    data[:sum(image.size for image in images)] = np.concatenate([image.ravel() for image in images])
    return images, data, np.asarray(sizes, np.int32)

def on_the_cpu(images, size):
    return np.stack([resizing.resized(Image.fromarray(image), (size, size)) for image in images])

images, data, sizes = at_own_sizes([(500, 375), (1, 1), (224, 224), (17, 512), (512, 3), (175, 176), (512, 512)], 512)
difference = np.abs(np.asarray(jax.jit(resized, static_argnums=2)(data, sizes, 224), int) - on_the_cpu(images, 224))
found |= {"levels": difference.max(), "other": (difference > 0).mean()}

own = JaxEmbedder(spec, home=home, together=(1,), resizes=True)
canvas, found["canvases"] = own.canvases[1], own.canvases
images, data, sizes = at_own_sizes([(canvas - number, 60 + number) for number in range(own.batch_size)], canvas)
vectors = own.finish(own.begin([Batch(data, len(images), sizes)]))
found["own"] = np.linalg.norm(vectors - own(on_the_cpu(images, own.size)), axis=1).max()
print(json.dumps(found, default=float))
"""


@pytest.fixture(scope="module")
def batches(sized_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What BATCHES prints, and its log."""
    spec = resolve(f"{sized_file}:pooled+flip", preprocessing="tf")
    printed, log = run_in_python(BATCHES, str(tmp_path_factory.mktemp("home")), spec.to_json())
    return json.loads(printed), log


def test_batches_in_one_call_have_the_vectors_that_they_have_alone(batches: tuple[dict[str, Any], str]) -> None:
    assert batches[0]["merged"] < 1e-6 and batches[0]["together"] in ([1], [1, 2])


def test_compiled_graphs_that_are_damaged_are_compiled_anew(batches: tuple[dict[str, Any], str]) -> None:
    found, log = batches
    assert found["damaged"] > 0 and found["again"] < 1e-6
    assert "persistent compilation cache" in log
    assert found["left"] == 0 and found["kept"] > 0, "JAX itself never replaces an entry, so every start would compile"


def test_with_little_memory_batches_are_smaller(batches: tuple[dict[str, Any], str]) -> None:
    found, log = batches
    assert found["small"] == [8, [1]] and found["same"] < 1e-6
    assert "32 images in a call need more memory than the GPU has free." in log


def test_images_are_resized_as_on_the_cpu(batches: tuple[dict[str, Any], str]) -> None:
    """Noise of any sizes, in one call: within one level."""
    found, _ = batches
    assert found["levels"] <= 1 and found["other"] < 0.2
    assert found["canvases"] == [128, 256] and found["own"] < 0.02


def test_one_process_runs_one_backend(keras: Any, lite0: ModelSpec, home: Path) -> None:
    with pytest.raises(ModelUnavailable, match="runs on tensorflow in this process"):
        load(lite0, home=home, runtime="jax")
