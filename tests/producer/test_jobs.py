"""What a job raises that cannot reach its broker."""

from pathlib import Path

import pytest

from lookalike import factories
from lookalike.embedded import Stack
from lookalike.errors import BrokerUnavailable, EmbeddedBrokerUnavailable
from lookalike.settings import read_settings
from lookalike_producer import jobs
from lookalike_producer.job_request import JobRequest
from lookalike_producer.jobs import run_job


@pytest.mark.parametrize(
    ("is_embedded", "kind", "advice"),
    [
        (True, EmbeddedBrokerUnavailable, "Run the same command again"),
        (False, BrokerUnavailable, "Start it, or correct"),
    ],
)
def test_the_advice_fits_the_stack(
    is_embedded: bool, kind: type[BrokerUnavailable], advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "EMBEDDED_RETRY_S", 0.0)
    settings = read_settings(home=tmp_path)
    request = JobRequest(
        settings, factories.model_spec(settings), source="s", references=lambda: [], count=lambda: None
    )
    stack = Stack(f"redis+socket://{tmp_path}/nobody.sock", is_embedded=is_embedded)
    with pytest.raises(BrokerUnavailable) as raised:
        run_job(request, stack)
    assert type(raised.value) is kind and advice in str(raised.value)
