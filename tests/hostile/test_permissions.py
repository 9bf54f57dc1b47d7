"""As a user who is not root: what may not be read is rejected, each place once, and all other images are indexed."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.images import encoded
from testing.processes import ROOT

#: Walks, reads, decodes and indexes a folder as a producer and a worker do, and prints the outcome of every reference.
#: As root it does so once with another folder, to load every module, and then becomes the user nobody for good.
INGEST = """
import json, os, sys
from pathlib import Path
import numpy as np
from lookalike.images import decode
from lookalike.index import open_index
from lookalike.pipeline import ingest
from lookalike.records import Chunk, Metric, ModelIdentity
from lookalike.storage import Storage
from testing.arrivals import one_by_one
from lookalike_producer.sources import find_images
MODEL = ModelIdentity("m", "f", 3, Metric.COSINE)

def outcomes(images, home):
    index = open_index(f"lancedb://{home}", "images")
    index.ensure(MODEL)
    refs = tuple(find_images([images]))
    chunk = Chunk("job/000000", "job", refs)
    outcome = ingest(
        chunk,
        fetch=one_by_one(Storage((Path(images),), 10**7).read),
        decode=lambda data: decode(data, max_pixels=10**7),
        embed=lambda pixels: 1 + pixels.mean(axis=(1, 2)).astype(np.float32),
        index=index,
        fingerprint=MODEL.fingerprint,
    )
    found = {ref.uri: "indexed" for ref in refs}
    assert len(found) == len(refs) and index.count() == outcome.indexed
    return found | {item.uri: item.reason.value for item in outcome.rejected}

images, warm, homes = sys.argv[1:]
outcomes(warm, f"{homes}/warm")
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
os.environ["HOME"] = homes
print(json.dumps(outcomes(images, f"{homes}/nobody")))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter; those of pytest are private."""
    made = Path(tempfile.mkdtemp(prefix="lookalike-test-permissions-"))
    made.chmod(0o755)
    yield made
    for folder in (made, *made.rglob("*")):
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o700)
    shutil.rmtree(made)


def image(path: Path, mode: int = 0o644) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded("png"))
    path.chmod(mode)
    return str(path)


def test_what_another_user_closed_is_rejected_and_the_rest_is_indexed(place: Path) -> None:
    images, homes = place / "images", place / "homes"
    warm = image(place / "warm" / "a.png")
    homes.mkdir()
    homes.chmod(0o777)
    expected = {image(images / f"open/{number}.png"): {"indexed"} for number in range(3)}
    expected[image(images / "open/closed.png", 0)] = {"unreadable"}
    if os.geteuid() == 0:
        expected[image(images / "open/for-the-owner.png", 0o600)] = {"unreadable"}
    expected[image(images / "open/write-only.png", 0o222)] = {"unreadable"}
    # Folders: closed; listed but not entered; entered but not listed. The last two differ in what the walk sees.
    for name, mode in (("closed", 0), ("not-entered", 0o444), ("not-listed", 0o111)):
        inside = image(images / name / "a.png")
        (images / name).chmod(mode)
        folder = str(images / name)
        if name == "not-entered":
            expected[inside] = {"unreadable"}
        else:
            expected[folder] = {"unreadable", "not_regular"}
    link = images / "open" / "link.png"
    link.symlink_to(images / "not-listed" / "a.png")
    expected[str(link)] = {"indexed"}
    (images / "open" / "closed-link.png").symlink_to(images / "closed" / "a.png")
    expected[str(images / "open" / "closed-link.png")] = {"unreadable"}
    command = [sys.executable, "-P", "-c", INGEST, str(images), str(Path(warm).parent), str(homes)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.keys() == expected.keys()
    assert {uri: outcome for uri, outcome in found.items() if outcome not in expected[uri]} == {}
