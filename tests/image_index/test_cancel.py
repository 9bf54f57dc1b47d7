"""A job is cancelled while a real worker does it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import lookalike
from lookalike.errors import BadSetting, JobCancelled, JobUnknown
from testing.processes import TIMEOUT_S, await_true
from tests.image_index.conftest import jobs_done, many_images
from tests.slow import slow

MANY = 120


def test_a_job_in_work_is_cancelled_and_continued(
    embedded: dict[str, Any], drawn: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in slow(0.05).items():
        monkeypatch.setenv(name, value)
    many = many_images(drawn[0], embedded["home"].parent / "many", MANY)
    with lookalike.open(**embedded, chunk_size=4) as images, ThreadPoolExecutor() as threads:
        ingest = threads.submit(images.ingest, many, progress=False)
        await_true(lambda: jobs_done(embedded["home"]) or ingest.done())
        (job,) = images.jobs()
        cancelled = images.cancel(job.id)
        with pytest.raises(JobCancelled, match=rf"^Job {job.id} was cancelled: "):
            ingest.result(TIMEOUT_S)
        assert images.jobs() == [cancelled] == [images.cancel(job.id)]
        assert 0 < cancelled.indexed < MANY and cancelled.error == ""
        assert cancelled.found == cancelled.indexed + cancelled.not_done
        assert images.count() == cancelled.indexed and images.retry(job.id, progress=False) is None
        again = images.ingest(many, progress=False)
        assert (again.found, again.unchanged) == (MANY, cancelled.indexed) and images.count() == MANY
        with pytest.raises(BadSetting, match="is finished already"):
            images.cancel(again.job)
        with pytest.raises(JobUnknown):
            images.cancel("20200101-000000-000000")
