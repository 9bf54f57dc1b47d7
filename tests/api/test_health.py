"""Liveness, readiness, metrics, and the answers while a part of the service is missing."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import numpy as np
import pytest

from lookalike import factories
from lookalike.records import Document, Metric, ModelIdentity
from lookalike.settings import Settings, read_settings
from testing.processes import await_true, make_home
from testing.services.ports import free_port
from tests.api.service import serving
from tests.api.test_bad_input import problem_detail

OTHER = ModelIdentity("another-model", "e" * 16, 256, Metric.COSINE)


def test_a_service_that_can_search_is_ready(client: httpx2.Client, settings: Settings) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    ready = client.get("/health/ready").json()
    assert ready["index"] == {"name": settings.index, "documents": 24}
    assert ready["broker"] == "ready" and "efficientnet-lite0" in ready["model"]


def test_the_stages_of_a_search_are_measured(lance_client: httpx2.Client, query: bytes) -> None:
    before = measured(lance_client)
    lance_client.post("/search", content=query)
    assert measured(lance_client) == {stage: count + 1 for stage, count in before.items()}
    text = lance_client.get("/metrics").text
    assert "lookalike_index_documents 24.0" in text and "lookalike_broker_up 1.0" in text
    assert "lookalike_queue_messages 0.0" in text
    assert 'lookalike_answers_total{method="POST",route="/search",status="200"}' in text


def measured(client: httpx2.Client) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    counts = {stage: f'lookalike_stage_seconds_count{{stage="{stage}"}}' for stage in ("decode", "embed", "total")}
    return {
        stage: next((float(line.split()[1]) for line in lines if line.startswith(name)), 0.0)
        for stage, name in counts.items()
    }


def test_unknown_paths_are_counted_under_one_name(lance_client: httpx2.Client) -> None:
    for number in range(3):
        lance_client.get(f"/made-up-{number}")
    text = lance_client.get("/metrics").text
    assert "made-up" not in text and 'route="none",status="404"' in text


@pytest.fixture
def empty(lance: Settings, tmp_path: Path) -> Settings:
    """The settings of a home folder with the model, but without an index."""
    return read_settings(home=make_home(tmp_path, lance.home))


def test_a_service_without_an_index_is_live_and_becomes_ready_when_the_index_exists(
    empty: Settings, query: bytes
) -> None:
    with serving(empty, is_ready=False) as client:
        assert client.get("/health/live").status_code == 200
        for answer in (client.get("/health/ready"), client.post("/search", content=query), client.get("/labels")):
            assert "ingest" in problem_detail(answer, 503)
            assert str(empty.home) not in answer.text
        fill_with(empty, factories.embedder(empty, factories.model_spec(empty)).identity)
        assert client.get("/health/ready").status_code == 200
        assert len(client.post("/search", content=query).json()["matches"]) == 1


def test_an_index_of_another_model_is_refused_and_both_models_are_named(empty: Settings, query: bytes) -> None:
    fill_with(empty, OTHER)
    with serving(empty, is_ready=False) as client:
        await_true(lambda: "being loaded" not in client.get("/health/ready").text)
        for answer in (client.get("/health/ready"), client.post("/search", content=query)):
            sentence = problem_detail(answer, 503)
            assert "another-model" in sentence and "efficientnet-lite0" in sentence
        assert client.get("/search", params={"id": "a" * 40}).json()["matches"] == []


def test_the_service_notices_that_the_index_got_another_model(empty: Settings, query: bytes) -> None:
    fill_with(empty, factories.embedder(empty, factories.model_spec(empty)).identity)
    with serving(empty) as client:
        assert client.post("/search", content=query).status_code == 200
        with closing(factories.open_index(empty)) as index:
            index.drop()
        fill_with(empty, OTHER)
        await_true(lambda: "another-model" in client.post("/search", content=query).text)


def fill_with(settings: Settings, model: ModelIdentity) -> None:
    vector = np.zeros(model.dimension, np.float32)
    vector[0] = 1
    document = Document(
        "a" * 40, "/a.jpg", None, vector, "c" * 64, 1, 1, model.fingerprint, "2026-01-02T03:04:05+00:00", "job/1"
    )
    with closing(factories.open_index(settings)) as index:
        index.ensure(model)
        index.write([document])


@pytest.fixture
def away(lance: Settings) -> Iterator[httpx2.Client]:
    """A service whose OpenSearch does not run."""
    url = f"http://127.0.0.1:{free_port()}"
    with serving(read_settings(**{**lance.model_dump(), "index_url": url}), is_ready=False) as client:
        yield client


def test_an_unavailable_index_is_reported_and_the_service_stays_live(away: httpx2.Client, query: bytes) -> None:
    asked = [away.get(path) for path in ("/health/ready", "/labels", "/info", f"/images/{'0' * 40}")]
    for answer in (*asked, away.post("/search", content=query), away.get(f"/search?id={'0' * 40}")):
        sentence = problem_detail(answer, 503)
        assert "127.0.0.1" not in sentence and int(answer.headers["Retry-After"]) > 0
    assert "lookalike_index_up 0.0" in away.get("/metrics").text
    assert away.get("/health/live").status_code == 200
