"""After every kind of fault, each image is one document or one rejection with its reason."""

from pathlib import Path

import pytest

from lookalike.queue import send_chunk
from testing.processes import await_true
from tests.faults.images import make_source
from tests.faults.invariants import Reference
from tests.faults.play import Row, Undisturbed, play
from tests.faults.rig import Place, Rig
from tests.faults.scenarios import SCENARIOS

BY_ID = {scenario.id: scenario for scenario in SCENARIOS}
#: Scenarios that share a test; F0 and F14 have their own tests.
OWN_RIG = [id for id, scenario in BY_ID.items() if scenario.needs_own_rig]
OF_THE_INDEX = ("F7", "F8", "F9", "F10")
OF_HOSTS = ("F20", "F21", "F22", "F23", "F24", "F25")
OTHERS = [id for id in BY_ID if id not in (*OWN_RIG, *OF_THE_INDEX, *OF_HOSTS, "F0", "F14")]

#: Three groups, each on one rig, so that several processes can run them.
on_the_rig_of_hosts = pytest.mark.xdist_group("faults of hosts")
on_the_index_rig = pytest.mark.xdist_group("faults of the index")
on_the_shared_rig = pytest.mark.xdist_group("faults of workers and broker")


def played(id: str, place: Place, tmp_path: Path, reference: Reference, rig: Rig | None = None) -> Row:
    scenario = BY_ID[id]
    if scenario.needs_own_server and not place.opensearch.is_ours:
        pytest.skip("the OpenSearch at OPENSEARCH_URL is not ours to break")
    row = play(scenario, place, tmp_path, reference, images=scenario.images, times=scenario.times, rig=rig)
    print(f"{id}: {dict(row.injected)}, recovery {row.longest_s}, resent {row.findings.resent}, runs {row.runs}")
    row.findings.must_hold()
    assert sum(row.injected.values()) > 0, "nothing was injected"
    return row


@pytest.mark.parametrize("id", OWN_RIG)
def test_nothing_is_lost_or_duplicated_on_an_own_rig(
    id: str, place: Place, tmp_path: Path, reference: Reference
) -> None:
    row = played(id, place, tmp_path, reference)
    if id == "F11":
        assert 0 < row.summary["rejected"] == row.summary["rejected_unchanged"]


@pytest.mark.parametrize(
    "id",
    [
        *(pytest.param(id, marks=on_the_index_rig) for id in OF_THE_INDEX),
        *(pytest.param(id, marks=on_the_rig_of_hosts) for id in OF_HOSTS),
        *(pytest.param(id, marks=on_the_shared_rig) for id in OTHERS),
    ],
)
def test_nothing_is_lost_or_duplicated_on_a_shared_rig(
    id: str, shared_rig: Rig, tmp_path: Path, reference: Reference
) -> None:
    played(id, shared_rig.place, tmp_path, reference, shared_rig)


@on_the_shared_rig
def test_a_killed_ingest_continues_where_it_stopped(shared_rig: Rig, tmp_path: Path, reference: Reference) -> None:
    row = played("F14", shared_rig.place, tmp_path, reference, shared_rig)
    assert row.summary["unchanged"] > 0 and row.runs == row.scenario.times + 1


def test_an_undisturbed_ingest_needs_no_message_sent_again(baseline: Undisturbed) -> None:
    row = baseline.row
    row.findings.must_hold()
    assert (row.findings.resent, row.runs, row.summary["found"]) == (0, 1, row.images)


def test_an_image_is_not_given_up_because_its_message_is_repeated(
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
