"""JPEGs that the model process decodes have the vectors that they have when a CPU's process decodes them. The library
is that for GPUs, on its own decoder for CPUs."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from PIL import Image

from lookalike import images
from lookalike.decoding.resizing import resized
from lookalike.embedding import resolve
from lookalike.embedding.children.jpegs import Jpegs, with_library
from lookalike.embedding.children.loads import Loads
from lookalike.embedding.children.model_process import Conversation, Models
from lookalike.embedding.runtimes import gpu_decoder
from lookalike.embedding.runtimes.batches import Batch
from lookalike.embedding.runtimes.gpu_decoder import WORTH_FROM, NvImageCodec
from lookalike.embedding.runtimes.merging import Merging
from lookalike.embedding.runtimes.remote_embedder import RemoteEmbedder
from lookalike.errors import ImageRejected
from lookalike.images import DecodedImage
from lookalike.records import Metric, ModelIdentity, Pixels, Vectors

ON_CPU = partial(NvImageCodec, on_cpu=True)
#: Sides of what `Thumbnails` returns.
SIDE = 8


class Thumbnails:
    """A model without a library: each image at the model's size, and then at 8 x 8 pixels."""

    size, precision, batch_size = 224, "f32", 4
    together: tuple[int, ...] = (1,)
    canvases: tuple[int, ...] = (256, 512)
    identity = ModelIdentity("thumbnails", "0", 3 * SIDE**2, Metric.COSINE)

    def begin(self, parts: Sequence[Batch]) -> Any:
        return [self._thumbnail(image) for part in parts for image in self._images(part)]

    def finish(self, begun: Any) -> Vectors:
        return np.asarray(begun, np.float32)

    def _thumbnail(self, image: Pixels) -> Any:
        whole = resized(Image.fromarray(image), (self.size, self.size))
        return np.asarray(resized(whole, (SIDE, SIDE))).ravel()

    def _images(self, part: Batch) -> Iterator[Pixels]:
        if part.sizes is None:
            yield from part.pixels
            return
        ends = np.cumsum(3 * part.sizes.prod(axis=1))
        for image, (height, width) in zip(np.split(part.pixels, ends), part.sizes, strict=False):
            yield image.reshape(height, width, 3)


class Crashed(Exception):
    """In the place of the end of a process."""


def unexpected(why: str) -> NoReturn:
    raise AssertionError(why)


class Crashing:
    """A decoder whose library crashes."""

    calls = 0

    def __call__(self, files: Sequence[bytes]) -> list[Callable[[], Pixels] | None]:
        self.calls += 1
        raise Crashed


def embedder(folder: Path, decoder: gpu_decoder.Decoder) -> RemoteEmbedder:
    """Of a model process in a thread, which is started anew for each connection."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "models"))
    listener.listen(1)
    models, merging = Models(lambda _: Thumbnails(), Loads(folder / "loads")), Merging(unexpected, 60)

    def serve() -> None:
        while True:
            with suppress(Crashed):
                Conversation(listener.accept()[0], models, merging, Jpegs(decoder, unexpected, 60)).run()

    threading.Thread(target=serve, daemon=True).start()
    return RemoteEmbedder(folder / "models", resolve("efficientnet-lite0"))


@pytest.fixture
def embed(tmp_path: Path) -> Iterator[RemoteEmbedder]:
    made = embedder(tmp_path, ON_CPU())
    yield made
    made.close()


def drawn(width: int, height: int) -> Image.Image:
    coarse = np.random.RandomState(width).randint(0, 256, (5, 7, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, orientation: int = 1, **options: Any) -> bytes:
    data, exif = BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    image.save(data, "JPEG", quality=90, exif=exif, **options)
    return data.getvalue()


def files() -> dict[str, bytes]:
    wide = drawn(401, 302)
    return {
        **{f"orientation {number}": jpeg(wide, number) for number in range(1, 9)},
        **{f"sampling {number}": jpeg(wide, subsampling=number) for number in (0, 1, 2)},
        "large": jpeg(drawn(1300, 777), 6),
        "halved": jpeg(drawn(1000, 950), 8),
        "progressive": jpeg(drawn(300, 600), progressive=True),
        "grey": jpeg(wide.convert("L"), 3),
        # These are decoded here.
        "small": jpeg(drawn(60, 50)),
        "cmyk": jpeg(wide.convert("CMYK")),
        "rgb": jpeg(wide, keep_rgb=True),
    }


def decoded(data: bytes, left_from: int | None) -> DecodedImage:
    return images.decode(data, max_pixels=10**7, largest=512, left_from=left_from)


def test_images_have_the_vectors_that_they_have_without_the_gpu(embed: RemoteEmbedder) -> None:
    assert embed.left_from == WORTH_FROM
    named = files()
    elsewhere = {name: decoded(data, WORTH_FROM) for name, data in named.items()}
    here = {name: decoded(data, None) for name, data in named.items()}
    assert {name for name, image in elsewhere.items() if image.left is None} == {"small", "cmyk", "rgb"}
    assert (left := elsewhere["large"].left) is not None and left.nbytes == 3 * 1300 * 777
    found = list(embed.ask([image.left or image.pixels for image in elsewhere.values()])())
    for name, vector, expected in zip(named, found, embed.ask([one.pixels for one in here.values()])(), strict=True):
        assert (elsewhere[name].width, elsewhere[name].height) == (here[name].width, here[name].height)
        assert isinstance(vector, np.ndarray) and isinstance(expected, np.ndarray)
        # Of two ways to the same size, and of two ways to make a large one small.
        assert np.abs(vector - expected).max() <= (4 if name == "halved" else 2), name


def broken() -> dict[str, bytes]:
    whole = jpeg(drawn(401, 302))
    tables = whole.index(b"\xff\xc4")
    return {
        "cut": whole[: len(whole) // 2],
        "cut, with an end": whole[: len(whole) // 2] + b"\xff\xd9",
        "without codes": whole[: tables + 4] + bytes(20) + whole[tables + 24 :],
        "noise": whole[:-2000] + b"\x55" * 1998 + b"\xff\xd9",
    }


@pytest.mark.parametrize("name", broken())
def test_what_a_gpu_does_not_decode_is_decoded_or_rejected_as_ever(embed: RemoteEmbedder, name: str) -> None:
    def outcome(left_from: int | None) -> Any:
        try:
            image = decoded(broken()[name], left_from)
        except ImageRejected as error:
            return str(error)
        whole = decoded(jpeg(drawn(300, 300)), left_from)
        before, found, after = embed.ask([one.left or one.pixels for one in (whole, image, whole)])()
        np.testing.assert_array_equal(np.asarray(before), np.asarray(after))
        return str(found) if isinstance(found, ImageRejected) else np.asarray(found).round(-1).tolist()

    assert outcome(WORTH_FROM) == outcome(None)


def test_a_library_that_crashes_gets_the_same_images_no_second_time(tmp_path: Path) -> None:
    decoder = Crashing()
    embed = embedder(tmp_path, decoder)
    data = [jpeg(drawn(side, side)) for side in (300, 400)]
    waits = [
        embed.ask([decoded(one, left_from).left or decoded(one, None).pixels]) for one in data for left_from in (1,)
    ]
    small = embed.ask([decoded(jpeg(drawn(60, 50)), 10**6).pixels])
    found = np.concatenate([np.asarray(list(wait())) for wait in waits])
    expected = embed.ask_pixels([decoded(one, None).pixels for one in data])()
    np.testing.assert_array_equal(found, expected)
    assert len(list(small())) == 1 and 1 <= decoder.calls <= 2
    embed.close()


def test_a_library_that_is_missing_or_gives_other_pixels_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    assert gpu_decoder.usable(ON_CPU) is not None and not caplog.text

    class Darker(NvImageCodec):
        def __call__(self, files: Sequence[bytes]) -> list[Callable[[], Pixels] | None]:
            return [partial(np.floor_divide, found(), 2) for found in super().__call__(files) if found]

    with caplog.at_level(logging.WARNING):
        assert gpu_decoder.usable(partial(Darker, on_cpu=True)) is None
        # There is no GPU here.
        assert gpu_decoder.usable() is None
    first, second = caplog.messages
    assert "LOOKALIKE_GPU_DECODING" in first and "levels from those of libjpeg" in first
    assert "nvImageCodec fails" in second


def test_a_library_that_ends_the_process_when_it_starts_is_not_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def crashing() -> gpu_decoder.Decoder:
        raise Crashed

    began = tmp_path / "began"
    with pytest.raises(Crashed):
        with_library(began, unexpected, 60, crashing)
    with caplog.at_level(logging.WARNING):
        assert with_library(began, unexpected, 60, ON_CPU) is None
    assert "JPEGs are decoded on the CPU" in caplog.text
    for _ in range(2):
        assert with_library(tmp_path / "another", unexpected, 60, ON_CPU) is not None


def test_a_device_that_hangs_or_fails_ends_the_process() -> None:
    """Also while pixels are copied from it, and with an error that could be one of the connection."""
    reasons: list[str] = []
    has_failed = threading.Event()

    def fail(why: str) -> Any:
        reasons.append(why)
        has_failed.set()

    class Hanging:
        def __call__(self, files: Sequence[bytes]) -> list[Callable[[], Pixels] | None]:
            return [self.copied]

        def copied(self) -> Pixels:
            assert has_failed.wait(60)
            return np.zeros((9, 9, 3), np.uint8)

    class Failing(Hanging):
        def __call__(self, files: Sequence[bytes]) -> list[Callable[[], Pixels] | None]:
            raise OSError("no device")

    Jpegs(Hanging(), fail, 1).decoded([b""], [1], 224, 512)
    Jpegs(Failing(), fail, 60).decoded([b""], [1], 224, 512)
    # A preempted process may notice it twice.
    assert set(reasons) == {"no image of the GPU's decoder after 1 s", "OSError: no device"}
