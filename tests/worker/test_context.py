"""A worker never mixes models: a job whose model differs is refused, and the error names both models."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from lookalike import embedding, factories
from lookalike.embedded.redis_server import broker_url
from lookalike.errors import ImageRejected, IndexConflict, IndexMissing, ModelMismatch
from lookalike.ledger import Job
from lookalike.records import ModelIdentity
from lookalike.settings import Settings, read_settings
from lookalike_worker.context import WorkerContext
from testing.processes import make_home
from testing.services.web import WebServer
from tests.index.documents import COSINE

OTHER = replace(COSINE, name="other", fingerprint="d" * 16)


@pytest.fixture
def settings(tmp_path: Path, model_home: Path, redis_url: str) -> Settings:
    return read_settings(home=make_home(tmp_path, model_home), broker_url=redis_url)


@pytest.fixture
def context(settings: Settings, redis_url: str) -> Iterator[WorkerContext]:
    made = WorkerContext(settings, redis_url)
    yield made
    made.ledger.close()


def job_for(context: WorkerContext, settings: Settings, model: ModelIdentity, index: str = "images") -> Job:
    spec = factories.model_spec(settings).to_json()
    address = settings.index_address
    return context.ledger.job(
        context.ledger.open_job(source="s", index=index, index_address=address, model=model, spec=spec)
    )


def test_an_index_whose_model_differs_from_that_of_the_job_is_refused(
    context: WorkerContext, settings: Settings
) -> None:
    with closing(factories.open_index(settings)) as index:
        index.ensure(COSINE)
    with pytest.raises(ModelMismatch) as error:
        context.index(job_for(context, settings, OTHER))
    assert all(part in str(error.value) for part in (COSINE.name, COSINE.fingerprint, OTHER.name, OTHER.fingerprint))
    assert context.index(job_for(context, settings, COSINE)).model() == COSINE


def test_a_job_for_a_version_opens_that_version(context: WorkerContext, settings: Settings) -> None:
    with closing(factories.open_index(settings)) as index, closing(factories.open_versions(settings)) as versions:
        index.ensure(COSINE)
        versions.create(OTHER)
        assert context.index(job_for(context, settings, OTHER, "images-v2")).version() == "images-v2"
        for wrong, name in ((COSINE, "images-v2"), (OTHER, "images-v1")):
            with pytest.raises(ModelMismatch, match=name):
                context.index(job_for(context, settings, wrong, name))
        with pytest.raises(IndexMissing, match="images-v3"):
            context.index(job_for(context, settings, OTHER, "images-v3"))


def test_a_model_that_differs_from_that_of_the_producer_is_refused(context: WorkerContext, settings: Settings) -> None:
    with pytest.raises(ModelMismatch) as error:
        context.embedder(job_for(context, settings, OTHER))
    assert "other" in str(error.value) and "efficientnet-lite0" in str(error.value)
    ours = embedding.identify(factories.model_spec(settings), settings.home)
    assert context.embedder(job_for(context, settings, ours)).identity == ours


def test_threads_of_a_worker_share_one_model(context: WorkerContext, settings: Settings) -> None:
    job = job_for(context, settings, embedding.identify(factories.model_spec(settings), settings.home))
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: context.embedder(job), range(2))
    assert first is second


def test_a_worker_of_the_embedded_stack_has_its_model_before_the_first_chunk(
    context: WorkerContext, settings: Settings, redis_url: str
) -> None:
    embedded = settings.model_copy(update={"broker_url": SecretStr(broker_url(settings.home))})
    for theirs, is_loaded in ((embedded, True), (settings, False)):
        worker = WorkerContext(theirs, redis_url)
        assert worker.warm_up() == is_loaded
        worker.ledger.close()


def test_a_job_for_another_index_address_is_refused(context: WorkerContext, settings: Settings) -> None:
    job = replace(job_for(context, settings, COSINE), index_address="lancedb:///elsewhere")
    with pytest.raises(IndexConflict, match="elsewhere"):
        context.index(job)


def test_only_a_worker_of_the_embedded_stack_reads_what_a_command_names(
    context: WorkerContext, settings: Settings, redis_url: str
) -> None:
    with WebServer() as server:
        url = server.put("/named/a.jpg", b"\xff\xd8\xffcontent")
        job = replace(job_for(context, settings, COSINE), named=(f"{server.url}/named/",))
        with pytest.raises(ImageRejected, match="outside_root"):
            context.reader(job).read(url)
        embedded = settings.model_copy(update={"broker_url": SecretStr(broker_url(settings.home))})
        chosen = embedded.model_copy(update={"roots": ("/",)})
        for theirs, is_read in ((embedded, True), (chosen, False)):
            worker = WorkerContext(theirs.model_copy(update={"respect_robots": False}), redis_url)
            if is_read:
                assert worker.reader(job).read(url) == b"\xff\xd8\xffcontent"
                with pytest.raises(ImageRejected, match="outside_root"):
                    worker.reader(replace(job, named=())).read(url)
            else:
                with pytest.raises(ImageRejected, match="outside_root"):
                    worker.reader(job).read(url)
            worker.reader(job).close()
            worker.ledger.close()


def test_the_addresses_that_a_command_names_are_in_the_record_of_its_job(
    context: WorkerContext, settings: Settings
) -> None:
    address = settings.index_address
    named = ("http://10.0.3.7:9000/a/", "https://b.example/")
    job = context.ledger.open_job(
        source="s", index="images", index_address=address, model=COSINE, spec="{}", named=named
    )
    assert context.ledger.job(job).named == named
