"""A worker that is asked to mix models: each wrong pair is refused with both named."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike import configured, embedding
from lookalike.errors import IndexConflict, IndexMissing, ModelMismatch
from lookalike.ledger import Job
from lookalike.records import ModelIdentity
from lookalike.settings import Settings, read_settings
from tests.index.documents import COSINE
from tests.running import make_home
from worker.workbench import Workbench

OTHER = replace(COSINE, name="other", fingerprint="d" * 16)


@pytest.fixture
def settings(tmp_path: Path, model_home: Path, redis_url: str) -> Settings:
    return read_settings(home=make_home(tmp_path, model_home), broker_url=redis_url)


@pytest.fixture
def bench(settings: Settings, redis_url: str) -> Iterator[Workbench]:
    made = Workbench(settings, redis_url)
    yield made
    made.ledger.close()


def job_for(bench: Workbench, settings: Settings, model: ModelIdentity, index: str = "images") -> Job:
    spec = configured.model_spec(settings).to_json()
    address = settings.index_address
    return bench.ledger.job(
        bench.ledger.open_job(source="s", index=index, index_address=address, model=model, spec=spec)
    )


def test_an_index_of_another_model_than_the_jobs_is_refused(bench: Workbench, settings: Settings) -> None:
    with closing(configured.open_index(settings)) as index:
        index.ensure(COSINE)
    with pytest.raises(ModelMismatch) as error:
        bench.index(job_for(bench, settings, OTHER))
    assert all(part in str(error.value) for part in (COSINE.name, COSINE.fingerprint, OTHER.name, OTHER.fingerprint))
    assert bench.index(job_for(bench, settings, COSINE)).model() == COSINE


def test_a_job_for_a_version_is_given_that_version(bench: Workbench, settings: Settings) -> None:
    with closing(configured.open_index(settings)) as index, closing(configured.open_versions(settings)) as versions:
        index.ensure(COSINE)
        versions.create(OTHER)
        assert bench.index(job_for(bench, settings, OTHER, "images-v2")).physical() == "images-v2"
        for wrong, name in ((COSINE, "images-v2"), (OTHER, "images-v1")):
            with pytest.raises(ModelMismatch, match=name):
                bench.index(job_for(bench, settings, wrong, name))
        with pytest.raises(IndexMissing, match="images-v3"):
            bench.index(job_for(bench, settings, OTHER, "images-v3"))


def test_a_model_that_is_another_one_here_than_for_the_producer_is_refused(
    bench: Workbench, settings: Settings
) -> None:
    with pytest.raises(ModelMismatch) as error:
        bench.embedder(job_for(bench, settings, OTHER))
    assert "other" in str(error.value) and "efficientnet-lite0" in str(error.value)
    ours = embedding.identify(configured.model_spec(settings), settings.home)
    assert bench.embedder(job_for(bench, settings, ours)).identity == ours


def test_a_job_for_an_index_elsewhere_is_refused(bench: Workbench, settings: Settings) -> None:
    job = replace(job_for(bench, settings, COSINE), index_address="lancedb:///elsewhere")
    with pytest.raises(IndexConflict, match="elsewhere"):
        bench.index(job)
