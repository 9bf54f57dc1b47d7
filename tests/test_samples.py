"""The sample images: their number, formats and orientations, and the effect of a second call."""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike import samples
from lookalike.errors import DiskFull, PermanentError
from lookalike.samples import Sample, draw_samples


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole set, as the demo draws it."""
    folder = tmp_path_factory.mktemp("samples")
    assert draw_samples(folder) == 16 * 25
    return folder


def images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def orientation(path: Path) -> int | None:
    with Image.open(path) as image:
        return image.getexif().get(samples.ORIENTATION)


def digests(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in images(folder)}


def test_every_class_has_its_folder_and_its_share_of_images(folder: Path) -> None:
    assert Counter(path.parent.name for path in images(folder)) == dict.fromkeys(samples.PAINTERS, 25)


def test_every_image_decodes_with_the_documented_size_and_format(folder: Path) -> None:
    formats = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
    shapes = set()
    for path in images(folder):
        with Image.open(path) as image:
            image.load()
            assert image.format == formats[path.suffix]
            assert image.mode == "RGB"
            assert 240 <= min(image.size) <= max(image.size) <= 640
            shapes.add(np.sign(image.width - image.height))
    assert shapes == {-1, 0, 1}


def test_every_class_has_all_three_formats(folder: Path) -> None:
    for label in samples.PAINTERS:
        assert {path.suffix for path in (folder / label).iterdir()} == {".jpg", ".png", ".webp"}


def test_all_eight_orientations_occur_in_every_class(folder: Path) -> None:
    for label in samples.PAINTERS:
        assert {orientation(path) for path in (folder / label).iterdir()} == {None, 1, 2, 3, 4, 5, 6, 7, 8}


def test_an_image_is_upright_after_its_orientation_is_applied(folder: Path) -> None:
    for number in range(0, 25, 3):
        sample = Sample("mountains-at-dusk", number, 7)
        with Image.open(folder / sample.path) as stored:
            shown = np.asarray(ImageOps.exif_transpose(stored).convert("RGB"), np.float32)
        drawn = np.asarray(sample.drawn(), np.float32)
        assert shown.shape == drawn.shape
        assert np.abs(shown - drawn).mean() < 4


def test_no_image_is_blank_or_a_copy_of_another(folder: Path) -> None:
    thumbnails = []
    for path in images(folder):
        with Image.open(path) as image:
            thumbnails.append(np.asarray(image.resize((16, 16)), np.float32).ravel())
    seen = np.stack(thumbnails)
    assert seen.std(axis=1).min() > 2
    squares = (seen**2).sum(axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * seen @ seen.T
    np.fill_diagonal(distances, np.inf)
    assert np.sqrt(distances.min() / seen.shape[1]) > 2


def test_the_set_is_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in images(folder)) < 25_000_000


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_images(tmp_path: Path) -> None:
    for name, seed in (("first", 7), ("again", 7), ("other", 8)):
        assert draw_samples(tmp_path / name, per_class=1, seed=seed) == 16
    assert digests(tmp_path / "first") == digests(tmp_path / "again")
    assert not set(digests(tmp_path / "first").values()) & set(digests(tmp_path / "other").values())


def test_a_complete_folder_is_not_written_again(tmp_path: Path) -> None:
    draw_samples(tmp_path, per_class=1)
    before = {path: path.stat().st_mtime_ns for path in images(tmp_path)}
    assert draw_samples(tmp_path, per_class=1) == 16
    assert {path: path.stat().st_mtime_ns for path in images(tmp_path)} == before


def test_an_interrupted_call_is_completed_by_the_next(tmp_path: Path) -> None:
    draw_samples(tmp_path / "whole", per_class=2)
    draw_samples(tmp_path / "cut", per_class=2)
    kept, *missing = images(tmp_path / "cut")
    written = kept.stat().st_mtime_ns
    for path in missing[::2]:
        path.unlink()
    half_written = missing[0].with_name(f".{missing[0].name}.unfinished")
    half_written.write_bytes(b"\xff\xd8\xff")
    draw_samples(tmp_path / "cut", per_class=2)
    assert kept.stat().st_mtime_ns == written
    assert digests(tmp_path / "cut") == digests(tmp_path / "whole")


def test_a_full_disk_is_reported_and_leaves_no_partial_image(tmp_path: Path) -> None:
    label = next(iter(samples.PAINTERS))
    first = tmp_path / Sample(label, 0, 7).path
    first.parent.mkdir()
    first.with_name(f".{first.name}.unfinished").symlink_to("/dev/full")
    with pytest.raises(DiskFull, match="No space"):
        draw_samples(tmp_path, per_class=1)
    assert not first.exists()


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(PermanentError, match="Cannot write to"):
        draw_samples(tmp_path / "taken", per_class=1)


def test_a_prefix_sets_queries_apart_from_stored_images(tmp_path: Path) -> None:
    assert draw_samples(tmp_path, per_class=1, prefix="query-") == 16
    assert (tmp_path / "rings").is_dir()
    assert {path.name.split("-")[0] for path in tmp_path.glob("*/*")} == {"query"}
