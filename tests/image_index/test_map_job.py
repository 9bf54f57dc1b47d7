"""A map as a job: what the ledger says while it is made, and how it ends."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.errors import BadSetting, IndexMissing, MapMissing
from lookalike.fitting.progress import Advance
from lookalike.image_index.map_job import map_as_job
from lookalike.index import open_index
from lookalike.ledger import Job, JobState, Ledger
from lookalike.settings import Settings, read_settings
from lookalike_producer.cancel import cancel
from testing.processes import await_true
from tests.index.documents import COSINE, clustered_vectors, document, write
from tests.mapping.jobs import map_job

COUNT, SAMPLE = 130, 100


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    with closing(open_index(f"lancedb://{tmp_path}/index", "images")) as index:
        index.ensure(COSINE)
        vectors = clustered_vectors(COUNT, 4)
        write(index, [document(f"/{number}.jpg", vector) for number, vector in enumerate(vectors)])
    return read_settings(home=tmp_path, broker_url=redis_url)


@pytest.fixture
def ledger(redis_url: str) -> Iterator[Ledger]:
    with closing(Ledger(redis_url)) as opened:
        yield opened


def made(settings: Settings, watch: Callable[[str, int], None]) -> None:
    """Make a map; `watch` is called with a verb and the images done after each step."""

    @contextmanager
    def progress(verb: str, total: int) -> Iterator[Advance]:
        yield lambda done: watch(verb, done)

    map_as_job(settings, size=SAMPLE, progress=progress)


def test_the_ledger_says_how_far_a_map_is(settings: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.image_index.map_job.REPORT_EVERY_S", 0.01)
    seen: dict[str, Job] = {}

    def watch(verb: str, done: int) -> None:
        least = {"read": 0, "lay out": 1, "place": SAMPLE + 1}[verb]
        await_true(lambda: any(job.placed >= least for job in ledger.jobs()))
        (seen[verb],) = ledger.jobs()

    made(settings, watch)
    for job in seen.values():
        assert (job.state, job.found, job.ended_at, job.version) == (JobState.MAPPING, COUNT, None, "images-v1")
        assert (job.index_address, job.model) == (settings.index_address, COSINE.name)
    assert seen["read"].placed == 0 < seen["lay out"].placed <= SAMPLE < seen["place"].placed
    (job,) = ledger.jobs()
    assert (job.state, job.found, job.placed, job.error) == (JobState.FINISHED, COUNT, COUNT, "")
    assert job.ended_at is not None and job.ended_at >= job.started_at


@pytest.mark.parametrize(
    ("raised", "state", "error"),
    [(KeyboardInterrupt(), JobState.INTERRUPTED, ""), (OSError("no space"), JobState.FAILED, "no space")],
)
def test_a_map_that_is_not_made_has_ended(
    raised: BaseException, state: JobState, error: str, settings: Settings, ledger: Ledger
) -> None:
    def watch(verb: str, done: int) -> None:
        if verb == "lay out":
            raise raised

    with pytest.raises(type(raised)):
        made(settings, watch)
    (job,) = ledger.jobs()
    assert (job.state, job.error, job.found) == (state, error, COUNT)
    assert job.has_ended and job.not_done > 0 and ledger.active_jobs() == []


def test_a_map_of_nothing_is_no_job(settings: Settings, ledger: Ledger) -> None:
    with pytest.raises(MapMissing):
        map_as_job(settings, add=True)
    with pytest.raises(IndexMissing):
        map_as_job(settings.model_copy(update={"index": "nothing"}))
    assert ledger.jobs() == []


def test_a_map_is_made_while_the_broker_is_away(settings: Settings) -> None:
    away = read_settings(home=settings.home, broker_url="redis://127.0.0.1:1/0")
    assert map_as_job(away, size=SAMPLE).images == COUNT


def test_a_map_is_stopped_where_it_is_made(settings: Settings, ledger: Ledger) -> None:
    running = map_job()
    ledger.report_map(running)
    with pytest.raises(BadSetting, match="makes a map"):
        cancel(ledger, running.id, settings)
    assert ledger.job(running.id) == running
    ledger.report_map(replace(running, state=JobState.FINISHED))
    with pytest.raises(BadSetting, match="is finished already"):
        cancel(ledger, running.id, settings)
