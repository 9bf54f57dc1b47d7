"""Whatever breaks, every image ends as one document or one rejection with its reason, and in time."""

from pathlib import Path

import pytest

from lookalike.queue import send_chunk
from testing.processes import await_true
from tests.faults.images import make_source
from tests.faults.invariants import Reference
from tests.faults.play import Row, play
from tests.faults.rig import Place, Rig
from tests.faults.scenarios import SCENARIOS, Scenario

BY_ID = {scenario.id: scenario for scenario in SCENARIOS}


def played(id: str, place: Place, tmp_path: Path, reference: Reference) -> Row:
    scenario: Scenario = BY_ID[id]
    if scenario.needs_own_server and not place.opensearch.is_ours:
        pytest.skip("the OpenSearch at OPENSEARCH_URL is not ours to break")
    row = play(scenario, place, tmp_path, reference, images=scenario.images, times=scenario.times)
    print(f"{id}: {dict(row.injected)}, recovery {row.longest_s}, resent {row.findings.resent}, runs {row.runs}")
    row.findings.must_hold()
    return row


@pytest.mark.parametrize("id", [id for id in BY_ID if id not in ("F0", "F14")])
def test_nothing_is_lost_and_nothing_twice(id: str, place: Place, tmp_path: Path, reference: Reference) -> None:
    row = played(id, place, tmp_path, reference)
    assert sum(row.injected.values()) > 0, "nothing was injected"


def test_an_undisturbed_ingest_needs_nothing_sent_again(place: Place, tmp_path: Path, reference: Reference) -> None:
    row = played("F0", place, tmp_path, reference)
    assert (row.findings.resent, row.runs, row.summary["found"]) == (0, 1, row.images)


def test_an_ingest_that_was_killed_continues_where_it_was(place: Place, tmp_path: Path, reference: Reference) -> None:
    row = played("F14", place, tmp_path, reference)
    assert row.summary["unchanged"] > 0 and row.runs == row.scenario.times + 1


def test_a_image_in_work_is_not_given_up_because_its_message_comes_again(
    place: Place, tmp_path: Path, reference: Reference
) -> None:
    source = make_source(tmp_path / "pictures", 1)
    with Rig(place, tmp_path / "rig", "again", settings={"chunk_size": 1}, decode_s=3) as rig:
        producer = rig.ingest(source)
        (chunk_id,) = await_true(rig.broker.held)
        for _ in range(4):
            send_chunk(rig.app, chunk_id)
        rig.complete(producer)
        rig.examine(source, reference).must_hold()
