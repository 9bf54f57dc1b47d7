"""`lookalike map` makes the map of an index, and adds later images to it; the same from Python."""

import os
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import lookalike as api
from lookalike.errors import BadSetting, MapMissing
from lookalike.index import open_index
from lookalike.records import document_id
from testing.processes import answer
from tests.cli.inprocess import lookalike
from tests.index.documents import COSINE, clustered_vectors, document, write


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home with an index of 30 images, without a model, a broker or a worker: a map needs none of them."""
    fill(tmp_path, range(30))
    return {**os.environ, "LOOKALIKE_HOME": str(tmp_path)}


def fill(home: Path, numbers: range) -> None:
    vectors = clustered_vectors(numbers.stop, clusters=4)
    with closing(open_index(f"lancedb://{home}/index", "images")) as index:
        index.ensure(COSINE)
        write(index, [document(f"/{number}.jpg", vectors[number]) for number in numbers])


def test_a_map_is_made_and_extended(environment: dict[str, str], tmp_path: Path) -> None:
    done = lookalike(environment, "map", "--add", code=1)
    assert done.stderr == "images-v1 has no map yet.\n`lookalike map` makes one.\n"
    done = lookalike(environment, "map")
    assert done.stdout.startswith("30 images of images-v1 are on the map") and "/map" in done.stderr
    # The embedded broker does not run meanwhile, and the job is on the list all the same.
    (job,) = answer(lookalike(environment, "status", "--json"))["jobs"]
    assert (job["kind"], job["state"], job["source"]) == ("map", "finished", "map of images-v1")
    assert job["found"] == job["placed"] == 30 and job["not_done"] == job["indexed"] == 0
    assert "30 placed" in lookalike(environment, "status").stdout
    fill(tmp_path, range(30, 40))
    made = answer(lookalike(environment, "map", "--add", "--json"))
    assert (made["index"], made["version"], made["images"], made["sample"]) == ("images", "images-v1", 40, 30)
    assert [job["placed"] for job in answer(lookalike(environment, "status", "--json"))["jobs"]] == [10, 30]
    lookalike(environment, "map", "--sample", 3, code=2)
    assert "Index nothing does not exist" in lookalike(environment, "map", "--index", "nothing", code=1).stderr


def test_the_map_is_made_and_read_from_python(environment: dict[str, str], tmp_path: Path) -> None:
    with api.open(home=tmp_path) as images:
        assert images.map() is None
        with pytest.raises(MapMissing):
            images.make_map(add=True)
        for sample in (True, 99, "100"):
            with pytest.raises(BadSetting):
                images.make_map(sample=sample)  # type: ignore[arg-type]
        report = images.make_map(sample=100)
        assert (report.images, report.sample, report.version) == (30, 30, "images-v1")
        found = images.map()
    assert found is not None
    ids, places = found
    assert ids == sorted(document_id(f"/{number}.jpg") for number in range(30))
    assert places.shape == (30, 2) and places.dtype == np.float32
