"""What the reader of a page has: a home with the default model, built once, and some images."""

import shutil
import time
from pathlib import Path

from documentation.snippets.stage import Stage
from lookalike.remembered import SETTLED_AFTER_NS
from lookalike.samples import Sample, draw_samples, keep
from testing.processes import ROOT, await_true
from testing.services.ports import free_port
from testing.services.s3 import REGION, S3Server
from tests.browser.stage import LABELS, QUERY_SEED, SEED

#: Where lookalike keeps its files for somebody who has set nothing, on Linux.
LOOKALIKE_HOME = Path(".local/share/lookalike")
PER_LABEL = 2


def set_stage(folder: Path, model_home: Path, page: str) -> Stage:
    """The reader stands in the home folder, which has `Pictures` and `photo.jpg`."""
    home = folder / "home"
    (home / LOOKALIKE_HOME).mkdir(parents=True)
    (home / LOOKALIKE_HOME / "models").symlink_to(model_home / "models")
    (home / "checkout").symlink_to(ROOT)
    (_draw_many if page == "README.md" else _draw_few)(home)
    # One process of a worker: the pages show what is found, not how fast.
    return Stage(home, home, free_port(), {"LOOKALIKE_CONCURRENCY": "1"})


def rent_bucket(home: Path, store: S3Server) -> None:
    """A bucket `shop` with the images, and a profile of this name that may read it."""
    store.empty()
    store.bucket("shop", {f"img/{path.name}": path.read_bytes() for path in (home / "Pictures").glob("*/*")})
    keys = "aws_access_key_id = test\naws_secret_access_key = test"
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(f"[profile shop]\n{keys}\nregion = {REGION}\nendpoint_url = {store.url}\n")


def join_cluster(home: Path, broker_url: str, index_url: str) -> None:
    """Settings of a cluster, which every machine has."""
    folder = home / ".config" / "lookalike"
    folder.mkdir(parents=True)
    (folder / "settings.env").write_text(f"LOOKALIKE_BROKER_URL={broker_url}\nLOOKALIKE_INDEX_URL={index_url}\n")


def _draw_few(home: Path) -> None:
    for label in LABELS:
        for number in range(PER_LABEL):
            sample = Sample(label, number, SEED)
            keep(sample, home / "Pictures" / sample.path)
    keep(Sample(LABELS[0], 0, QUERY_SEED), home / "photo.jpg")


def _draw_many(home: Path) -> None:
    """The folder of README.md: 400 images, two of them in a second place, and two files that are not images."""
    pictures = home / "Pictures"
    draw_samples(pictures)
    (pictures / "backup").mkdir()
    for copied in ("waves/waves-001.png", "clouds/clouds-001.jpg"):
        shutil.copy(pictures / copied, pictures / "backup")
    (pictures / "clouds" / "cut.jpg").touch()
    (pictures / "citrus" / "lemon.jpg").write_text("<!doctype html><html><title>Not found</title></html>")
    keep(Sample("rings", 0, QUERY_SEED), home / "photo.jpg")
    # Of a file that has just been written, size and time are not known to the index, and the page shows which is older.
    written_ns = max(path.stat().st_ctime_ns for path in pictures.rglob("*"))
    await_true(lambda: time.time_ns() > written_ns + SETTLED_AFTER_NS)
