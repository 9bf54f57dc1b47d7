"""examples/photos, run by the commands of its README."""

import os
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lookalike.samples import Sample, keep
from testing.processes import await_true, make_home
from testing.services.process import ServerProcess
from tests.examples.checkout import Checkout, make_checkout

READY_TIMEOUT_S = 150.0


@dataclass(frozen=True)
class Watch:
    """The running script, and what it has printed."""

    checkout: Checkout
    process: ServerProcess

    @property
    def lines(self) -> list[str]:
        return self.process.output.read_text().splitlines()

    def await_line(self, pattern: str) -> str:
        """The first line that matches the pattern as a whole."""
        line: str = await_true(lambda: next(filter(re.compile(pattern).fullmatch, self.lines), None))
        return line


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[Watch]:
    folder = tmp_path_factory.mktemp("photos")
    checkout = make_checkout(folder, make_home(folder, model_home), {})
    draw, watch, *_ = checkout.commands("photos")
    assert checkout.run(draw).stdout == "32 images in examples/photos/pictures\n"
    pictures = folder / "examples" / "photos" / "pictures"
    shutil.copy(pictures / "waves" / "waves-002.jpg", pictures / "again.jpg")
    with checkout.running(watch, "output") as process:
        process.await_ready(lambda: "Watching" in process.output.read_text(), READY_TIMEOUT_S)
        yield Watch(checkout, process)


def test_the_duplicates_that_are_there_are_listed(watching: Watch) -> None:
    assert watching.await_line(r"(again.jpg|waves/waves-002.jpg): a duplicate of (again.jpg|waves/waves-002.jpg) .*")
    assert "33 photos. Watching examples/photos/pictures; Ctrl-C ends." in watching.lines


def test_a_new_photo_is_compared_with_the_older_ones(watching: Watch) -> None:
    copy, draw = watching.checkout.commands("photos")[2:]
    watching.checkout.run(copy)
    watching.await_line(r"copy\.jpg: a duplicate of citrus/citrus-001\.jpg \(1\.00\)")
    watching.checkout.run(draw)
    watching.await_line(r"checkers/new-checkers-001\.webp: most like checkers/checkers-00\d\.\w+ \(0\.\d\d\)")
    await_true(lambda: sum("/new-" in line.partition(":")[0] for line in watching.lines) == 16)


def test_photos_that_come_together_are_not_compared_with_one_another(watching: Watch, tmp_path: Path) -> None:
    pictures = watching.checkout.folder / "examples" / "photos" / "pictures"
    pair = tmp_path / "pair"
    sample = Sample("leaves", 0, seed=99)
    for name in ("left.jpg", "right.jpg"):
        keep(sample, pair / name)
    pair.rename(pictures / "pair")
    for name in ("left.jpg", "right.jpg"):
        assert "pair/" not in watching.await_line(rf"pair/{name}: (.*)").partition(":")[2]


def test_a_file_that_is_no_image_is_named_and_the_watch_goes_on(watching: Watch) -> None:
    pictures = watching.checkout.folder / "examples" / "photos" / "pictures"
    (pictures / "letter.jpg").write_text("Dear photographer,")
    watching.await_line(r"letter\.jpg: not indexed, a text, not an image")
    (pictures / "2027").mkdir()
    shutil.copy(pictures / "rings" / "rings-001.jpg", pictures / "2027" / "ring.jpg")
    watching.await_line(r"2027/ring\.jpg: a duplicate of rings/rings-001\.jpg \(1\.00\)")


# The last test, because it ends the script.
def test_ctrl_c_ends_the_watch_without_a_traceback(watching: Watch) -> None:
    os.killpg(watching.process.pid, signal.SIGINT)
    assert watching.process.wait() == 0
    assert "Traceback" not in "\n".join(watching.lines)


def test_a_folder_that_does_not_exist_is_refused_with_a_sentence(watching: Watch) -> None:
    watch = watching.checkout.commands("photos")[1].replace("pictures", "nowhere")
    done = watching.checkout.run(watch, code=2)
    assert done.stderr.endswith("error: There is no folder examples/photos/nowhere.\n")
