"""What an ingest shows while it runs."""

import io

import pytest

from lookalike.image_index.progress import FINISHING, LINE_EVERY_S, SAME_EVERY_S, Lines, Total
from lookalike.ledger import Job, JobState
from lookalike.ledger.job import parse_job
from lookalike.terminal import Output


@pytest.mark.parametrize(("state", "is_said"), [(JobState.DRAINING, False), (JobState.FINISHING, True)])
def test_after_the_last_image_it_says_that_the_index_is_being_finished(state: JobState, is_said: bool) -> None:
    written = io.StringIO()
    lines = Lines(Output(file=written), Total(lambda: 7))
    lines._said -= LINE_EVERY_S
    lines.show(job(state))
    assert "7 of " in written.getvalue()
    assert (FINISHING in written.getvalue()) == is_said


def test_a_job_that_waits_is_said_less_often() -> None:
    written = io.StringIO()
    lines = Lines(Output(file=written), Total(lambda: 7))
    for waited_s in (LINE_EVERY_S, LINE_EVERY_S, SAME_EVERY_S):
        lines._said -= waited_s
        lines.show(job(JobState.DRAINING))
    lines._said -= LINE_EVERY_S
    lines.show(job(JobState.FINISHING))
    assert written.getvalue().count("7 of ") == 3


def job(state: JobState) -> Job:
    names = ("source", "index", "index_address", "model", "spec", "fingerprint")
    record = dict.fromkeys(names, "") | {"state": state.value, "started_at": "0", "indexed": "7"}
    return parse_job("job", {name.encode(): value.encode() for name, value in record.items()})
