"""A model process receives chunks of images at the model's size or at their own, and answers each in its order."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from lookalike.embedding import resolve
from lookalike.embedding.children.loads import REFUSED_S, TRIES, Loads
from lookalike.embedding.children.model_process import Conversation, Models, serve
from lookalike.embedding.runtimes.batches import Batch
from lookalike.embedding.runtimes.merging import Merging
from lookalike.embedding.runtimes.remote_embedder import RemoteEmbedder
from lookalike.errors import ModelUnavailable
from lookalike.records import Metric, ModelIdentity, Pixels, Vectors
from testing.processes import await_true


class Corners:
    """A model without a library: the first and the last value of each image, and the side of its canvas."""

    size, precision, batch_size = 224, "f32", 4
    together: tuple[int, ...] = (1, 2)
    canvases: tuple[int, ...] = (256, 512)
    identity = ModelIdentity("corners", "0", 3, Metric.COSINE)

    def begin(self, parts: Sequence[Batch]) -> Any:
        return [[image[0], image[-1], canvas] for part in parts for image, canvas in self._images(part)]

    def finish(self, begun: Any) -> Vectors:
        return np.asarray(begun, np.float32)

    def _images(self, part: Batch) -> Iterator[tuple[Any, int]]:
        if part.sizes is None:
            yield from ((image.ravel(), 0) for image in part.pixels)
            return
        ends = np.cumsum(3 * part.sizes.prod(axis=1))
        canvas = round((len(part.pixels) / 3 / self.batch_size) ** 0.5)
        yield from ((image, canvas) for image in np.split(part.pixels, ends)[:-1])


def unexpected(why: str) -> NoReturn:
    raise AssertionError(why)


class Held(Corners):
    """Finishes no call before it may."""

    def __init__(self) -> None:
        self.may_finish = threading.Event()
        self.begun: list[int] = []

    def begin(self, parts: Sequence[Batch]) -> Any:
        self.begun += (int(part.pixels[0, 0, 0, 0]) for part in parts)
        return super().begin(parts)

    def finish(self, begun: Any) -> Vectors:
        assert self.may_finish.wait(60)
        return super().finish(begun)


def filled(value: int) -> list[Pixels]:
    return [np.full((224, 224, 3), value, np.uint8)] * 4


@pytest.fixture
def embed(tmp_path: Path) -> Iterator[RemoteEmbedder]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "models"))
        listener.listen(1)

        def serve() -> None:
            models = Models(lambda _: Corners(), Loads(tmp_path / "loads"))
            Conversation(listener.accept()[0], models, Merging(unexpected, 60)).run()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        made = RemoteEmbedder(tmp_path / "models", resolve("efficientnet-lite0"))
        yield made
        made.close()
        thread.join()


def test_images_at_their_own_sizes_get_their_own_vectors(embed: RemoteEmbedder) -> None:
    assert embed.largest == 512
    random = np.random.RandomState(0)
    of_sizes = [[(9, 300), (1, 1), (512, 2)], [(224, 224)] * 9, [(20, 30)] * 6, [(224, 224), (8, 8)]]
    chunks: list[list[Pixels]] = [
        [random.randint(0, 256, (*size, 3)).astype(np.uint8) for size in sizes] for sizes in of_sizes
    ]
    waits = [embed.ask_pixels(chunk) for chunk in chunks]
    for chunk, wait, canvas in zip(chunks, waits, (512, 0, 256, 256), strict=True):
        expected = [[image.flat[0], image.flat[-1], canvas] for image in chunk]
        np.testing.assert_array_equal(wait(), expected)


def served(folder: Path, models: Models) -> Path:
    """The address of the models, which are served until this process ends."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "served"))
    listener.listen(2)
    threading.Thread(target=serve, args=(listener, models, Merging(unexpected, 60)), daemon=True).start()
    return folder / "served"


def test_what_a_process_asked_that_has_ended_is_not_computed(tmp_path: Path) -> None:
    model = Held()
    address = served(tmp_path, Models(lambda _: model, Loads(tmp_path / "loads")))
    stays, leaves = (RemoteEmbedder(address, resolve("efficientnet-lite0")) for _ in range(2))
    # Two calls are in flight, and what comes now waits.
    first = stays.ask_pixels(filled(1))
    await_true(lambda: model.begun == [1])
    second = stays.ask_pixels(filled(2))
    await_true(lambda: model.begun == [1, 2])
    leaves.ask_pixels(filled(3))
    leaves.close()
    model.may_finish.set()
    found = np.concatenate([first(), second(), stays.ask_pixels(filled(4))()])
    stays.close()
    assert found[:, 0].tolist() == [1] * 4 + [2] * 4 + [4] * 4
    assert model.begun == [1, 2, 4]


def test_a_model_whose_loads_failed_is_refused_with_the_reason(tmp_path: Path) -> None:
    """Each of them ended a model process, so the next one knows it from a file."""
    spec = resolve("efficientnet-lite0")
    for _ in range(TRIES):
        with pytest.raises(RuntimeError), Loads(tmp_path / "loads").counted(spec):
            raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory")
    address = served(tmp_path, Models(lambda _: Corners(), Loads(tmp_path / "loads")))
    with pytest.raises(ModelUnavailable, match="3 tries failed: the GPU has no memory left for the model"):
        RemoteEmbedder(address, spec)
    assert RemoteEmbedder(address, resolve("resnet50")).precision == "f32"


def test_a_model_whose_loads_crash_late_is_refused_for_a_while(tmp_path: Path) -> None:
    """Each load ends its process after a time that is longer than a refusal."""
    spec, now_s = resolve("efficientnet-lite0"), [1.7e9]

    def in_next_process() -> AbstractContextManager[None]:
        return Loads(tmp_path / "loads", lambda: now_s[0]).counted(spec)

    def crash() -> None:
        with pytest.raises(SystemExit), in_next_process():
            now_s[0] += 2 * REFUSED_S
            raise SystemExit

    def refuse(tries: int) -> None:
        why = f"{tries} tries failed: the process that loads it ends each time"
        with pytest.raises(ModelUnavailable, match=why), in_next_process():
            raise AssertionError("it is loaded")
        now_s[0] += REFUSED_S

    for _ in range(TRIES):
        crash()
    refuse(TRIES)
    crash()
    refuse(TRIES + 1)
    with in_next_process():
        """Somebody has mended it, so what failed before counts no more."""
    for _ in range(TRIES):
        crash()
    refuse(TRIES)
