"""A folder's images become features; rejected ones are reported."""

import os
from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import ImageRejected, SourceMissing
from lookalike.fitting import gather
from lookalike.fitting.classes import empty_classes, in_classes, notes_on_classes
from lookalike.fitting.images import BATCH_SIZE
from lookalike.images import DecodedImage
from lookalike.records import ImageRef, Pixels, Reason, Vectors
from lookalike.storage import local_uri


def _read(uri: str) -> bytes:
    return uri.encode()


def _decode(data: bytes) -> DecodedImage:
    if b"bad" in data:
        raise ImageRejected(Reason.CORRUPT, "not an image")
    return DecodedImage(np.full((2, 2, 3), data[-1], np.uint8), 2, 2)


def _embed(pixels: Pixels) -> Vectors:
    return pixels.reshape(len(pixels), -1).astype(np.float32)


def test_each_image_keeps_its_label_when_others_are_rejected() -> None:
    references = [
        ImageRef(f"/{number}-{'bad' if number % 7 == 3 else number % 9}", str(number)) for number in range(50)
    ]
    advances: list[int] = []
    gathered = gather(references, read=_read, decode=_decode, embed=_embed, advance=advances.append)
    good = [ref for ref in references if "bad" not in ref.uri]
    assert gathered.labels == tuple(ref.label for ref in good)
    assert gathered.features[:, 0].tolist() == [ord(ref.uri[-1]) for ref in good]
    assert [rejected.reason for rejected in gathered.rejected] == [Reason.CORRUPT] * 7
    assert advances == [BATCH_SIZE, 50 - BATCH_SIZE]


def test_a_folder_without_usable_images_is_an_error_with_the_first_reason() -> None:
    with pytest.raises(SourceMissing, match="no image to fit"):
        gather([], read=_read, decode=_decode, embed=_embed)
    with pytest.raises(SourceMissing, match="corrupt"):
        gather([ImageRef("/bad")], read=_read, decode=_decode, embed=_embed)


def test_images_beside_the_class_folders_have_no_label_and_the_order_is_fixed(tmp_path: Path) -> None:
    found = [ImageRef(str(tmp_path / name), name.split("/")[0]) for name in ("b/2.jpg", "b/1.jpg", "loose.jpg")]
    ordered = in_classes(tmp_path, found)
    assert [Path(ref.uri).name for ref in ordered] == ["1.jpg", "2.jpg", "loose.jpg"]
    assert [ref.label for ref in ordered] == ["b", "b", None]
    assert notes_on_classes(ref.label for ref in ordered) == []


def test_files_of_odd_names_belong_to_the_class_of_their_folder(tmp_path: Path) -> None:
    names = ("cats/1.jpg", os.fsdecode(b"cats/\xff.jpg"), "cats/a.tar#2.jpg", os.fsdecode(b"\xff.jpg"))
    found = [ImageRef(local_uri(tmp_path / name), (tmp_path / name).parent.name) for name in names]
    assert [ref.label for ref in in_classes(tmp_path, found)].count("cats") == 3


def test_folders_of_the_same_name_in_different_places_are_different_classes(tmp_path: Path) -> None:
    names = ("hats/red/1.jpg", "shoes/red/2.jpg", "shoes/blue/3.jpg", "red.jpg")
    found = [ImageRef(str(tmp_path / name), (tmp_path / name).parent.name) for name in names]
    labels = {Path(ref.uri).name: ref.label for ref in in_classes(tmp_path, found)}
    assert labels == {"1.jpg": "hats/red", "2.jpg": "shoes/red", "3.jpg": "blue", "red.jpg": None}
    (note,) = notes_on_classes(labels.values())
    assert "hats/red, shoes/red" in note


def test_classes_without_images_are_named_however_deep_the_others_are(tmp_path: Path) -> None:
    deep = tmp_path / "deep" / Path(*["d"] * 1200)
    os.makedirs(tmp_path / "empty" / "inner")
    os.makedirs(tmp_path / "@eaDir")
    references = [ImageRef(str(deep / "a.jpg")), ImageRef(str(tmp_path / "b.jpg"))]
    (tmp_path / "deep").mkdir()
    assert empty_classes(tmp_path, references) == ["empty"]
