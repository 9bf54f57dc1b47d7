"""A chunk's images are embedded in parts: elsewhere while others are decoded, or here while others are awaited."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from lookalike.pipeline.parts import MEANWHILE, PART, Found, Parts
from lookalike.records import Pixels, Vectors


class Remote:
    """Answers with the first value of each image; `log` has what was sent and waited for."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def __call__(self, pixels: Pixels) -> Vectors:
        return pixels[:, :1].astype(np.float32)

    def ask(self, images: Sequence[Pixels]) -> Callable[[], Vectors]:
        self.log.append(f"sent {len(images)}")
        return lambda: self._waited(np.stack(images))

    def _waited(self, pixels: Pixels) -> Vectors:
        self.log.append(f"got {len(pixels)}")
        return self(pixels)


def firsts(found: Mapping[str, Found]) -> dict[str, int]:
    return {digest: int(np.asarray(vector)[0]) for digest, vector in found.items()}


def test_a_part_is_sent_while_the_next_is_decoded() -> None:
    remote = Remote()
    parts = Parts(remote)
    for number in range(PART + 3):
        parts.add(str(number), np.array([number], np.uint8))
        assert remote.log == ([f"sent {PART}"] if number + 1 >= PART else [])
        assert not parts.work(), "it embeds nothing here, and waits for nothing"
    found = parts.vectors()
    assert remote.log == [f"sent {PART}", "sent 3", f"got {PART}", "got 3"]
    assert firsts(found) == {str(n): n for n in range(PART + 3)}
    # What a later round of the chunk decodes is embedded alone.
    parts.add("later", np.array([77], np.uint8))
    assert (firsts(parts.vectors())["later"], remote.log[-2:]) == (77, ["sent 1", "got 1"])


def test_a_part_of_large_images_has_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.pipeline.parts.PART_BYTES", 5)
    remote = Remote()
    parts = Parts(remote)
    for number in range(4):
        parts.add(str(number), np.array([number, 0, 0], np.uint8))
    assert remote.log == ["sent 2", "sent 2"]
    assert firsts(parts.vectors()) == {str(number): number for number in range(4)}


def test_a_model_in_this_process_takes_the_time_in_which_nothing_arrives() -> None:
    sizes: list[int] = []

    def embed(pixels: Pixels) -> Vectors:
        sizes.append(len(pixels))
        return pixels[:, :1].astype(np.float32)

    parts = Parts(embed)
    for number in range(PART + 3):
        parts.add(str(number), np.array([number], np.uint8))
    assert not sizes and parts.work() and sizes == [MEANWHILE]
    found = firsts(parts.vectors())
    assert found == {str(n): n for n in range(PART + 3)} and sizes == [MEANWHILE, PART + 3 - MEANWHILE]
    assert not parts.work() and parts.vectors() and len(sizes) == 2
