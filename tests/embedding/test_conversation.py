"""A model process receives chunks of images at the model's size or at their own, and answers each in its order."""

import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from lookalike.embedding import resolve
from lookalike.embedding.children.model_process import Conversation, Models
from lookalike.embedding.runtimes.batches import Batch
from lookalike.embedding.runtimes.merging import Merging
from lookalike.embedding.runtimes.remote_embedder import RemoteEmbedder
from lookalike.records import Metric, ModelIdentity, Pixels, Vectors


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


@pytest.fixture
def embed(tmp_path: Path) -> Iterator[RemoteEmbedder]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "models"))
        listener.listen(1)

        def serve() -> None:
            Conversation(listener.accept()[0], Models(lambda _: Corners()), Merging(unexpected, 60)).run()

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
    waits = [embed.ask(chunk) for chunk in chunks]
    for chunk, wait, canvas in zip(chunks, waits, (512, 0, 256, 256), strict=True):
        expected = [[image.flat[0], image.flat[-1], canvas] for image in chunk]
        np.testing.assert_array_equal(wait(), expected)
