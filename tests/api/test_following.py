"""The service follows its index to another model and back, without a restart and without a failed search."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from lookalike import factories
from lookalike.index import Index
from lookalike.records import Document, document_id
from lookalike.settings import Settings, read_settings
from testing.processes import await_true, make_home
from tests.api.service import serving
from tests.faults.model import PREPROCESSING


@pytest.fixture
def ours(settings: Settings, tmp_path: Path) -> Settings:
    """The settings of a separate index, which does not exist yet."""
    return read_settings(**{**settings.model_dump(), "home": make_home(tmp_path, settings.home), "index": "following"})


@pytest.fixture
def theirs(ours: Settings, other_model: Path) -> Settings:
    """The settings of another model, with another image size, which sees only the middle of an image."""
    preprocessing = f"{PREPROCESSING}:crop=0.5+filter=bicubic"
    return read_settings(**{**ours.model_dump(), "model": str(other_model), "preprocessing": preprocessing})


def test_a_service_follows_its_index_to_a_model_of_another_size_and_back(
    ours: Settings, theirs: Settings, drawn: tuple[Path, Path]
) -> None:
    images = sorted(path for path in drawn[0].rglob("*.jpg") if path.name != "text.jpg")[:4]
    with closing(factories.open_index(ours)) as index, closing(factories.open_versions(ours)) as versions:
        write(index, ours, images)
        second = versions.create(factories.embedder(theirs, factories.model_spec(theirs)).identity)
        with closing(factories.open_index(theirs, second)) as version:
            write(version, theirs, images)
        with serving(ours) as client, searching(client, images[0]) as answers:
            before = await_true(lambda: answers and answers[-1])
            assert model_of(client) == "efficientnet-lite0"
            versions.move(second)
            await_true(lambda: answers[-1] != before)
            assert model_of(client) == "tiny"
            assert ids(client.get("/search", params={"uri": str(images[1])})).isdisjoint({document_id(str(images[1]))})
            versions.move(f"{ours.index}-v1")
            await_true(lambda: answers[-1] == before)
            assert model_of(client) == "efficientnet-lite0"
    assert {answer[0] for answer in answers} == {(document_id(str(images[0])), 1.0)}, (
        "each search found the image itself"
    )


def write(index: Index, settings: Settings, images: list[Path]) -> None:
    embedder = factories.embedder(settings, factories.model_spec(settings))
    index.ensure(embedder.identity)
    for path in images:
        pixels = factories.decode(settings, path.read_bytes(), **embedder.frame._asdict()).pixels
        about = (document_id(str(path)), str(path), None, embedder(pixels[None])[0], "c" * 64, 1, 1)
        index.write([Document(*about, embedder.identity.fingerprint, "2026-01-02T03:04:05+00:00", "job/1")])
    index.end_load()


@contextmanager
def searching(client: httpx2.Client, image: Path) -> Iterator[list[list[tuple[str, float]]]]:
    """Search for the image again and again; yields the growing list of answers: ids with their scores."""
    answers: list[list[tuple[str, float]]] = []
    failed: list[str] = []
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.05):
            answer = client.post("/search", content=image.read_bytes())
            if answer.status_code == 200:
                answers.append([(match["id"], round(match["score"], 3)) for match in answer.json()["matches"]])
            else:
                failed.append(answer.text)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()
    assert not failed


def model_of(client: httpx2.Client) -> str:
    """The name of the model that the service uses."""
    ready: dict[str, Any] = client.get("/health/ready").json()
    return str(ready["model"]).partition(" ")[0].rpartition("/")[2].removesuffix(".keras")


def ids(answer: httpx2.Response) -> set[str]:
    return {match["id"] for match in answer.json()["matches"]}
