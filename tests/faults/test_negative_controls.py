"""Negative controls: the checks of the suite fail when one safeguard of the product is removed."""

import time
from pathlib import Path

import pytest

from testing.processes import await_true
from testing.services.s3 import Fault
from tests.faults.broker import Broker
from tests.faults.disturbances import BETWEEN
from tests.faults.images import Source, make_source, spoil
from tests.faults.invariants import InvariantBroken, Reference
from tests.faults.object_stores import bucket_of, is_page
from tests.faults.rig import Place, Rig

IMAGES = 400
#: Work has ended if for this long no message waits, no chunk is leased and no image is done. A chunk takes a third of a
#: second.
STILL_S = 5.0
#: A key that fails for a moment.
SICK = "000001.jpg"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return make_source(tmp_path / "pictures", IMAGES)


def await_standstill(broker: Broker) -> None:
    """Return when nothing has been in work for STILL_S."""
    seen, since = -1, time.monotonic()

    def stands_still() -> bool:
        nonlocal seen, since
        if (done := broker.done()) != seen or broker.waiting() or broker.held():
            seen, since = done, time.monotonic()
        return time.monotonic() - since > STILL_S

    await_true(stands_still, 120)


def test_early_acknowledgement_without_a_reconciler_loses_images(
    place: Place, tmp_path: Path, source: Source, reference: Reference
) -> None:
    with Rig(place, tmp_path / "rig", "early", ("early_acknowledgement", "no_reconciler")) as rig:
        assert rig.continues_for(rig.ingest(source), BETWEEN)
        rig.inject("worker killed", lambda: rig.workers.kill(rig.workers.names[0]))
        await_standstill(rig.broker)
        findings = rig.examine(source, reference)
    with pytest.raises(InvariantBroken, match="lost"):
        findings.must_hold()


def test_a_message_lost_without_a_reconciler_loses_images(
    place: Place, tmp_path: Path, source: Source, reference: Reference
) -> None:
    with Rig(place, tmp_path / "rig", "deleted", ("no_reconciler",)) as rig:
        rig.ingest(source)
        rig.broker.delete_message()
        await_standstill(rig.broker)
        findings = rig.examine(source, reference)
    with pytest.raises(InvariantBroken, match="lost"):
        findings.must_hold()


def test_without_the_safeguards_of_rejections_index_and_lists_contradict_each_other(
    place: Place, tmp_path: Path, reference: Reference
) -> None:
    source = make_source(tmp_path / "pictures", 80)
    patches = ("kept_documents", "lists_of_their_own")
    with Rig(place, tmp_path / "rig", "spoilt", patches, decode_s=0) as rig:
        rig.complete(rig.ingest(source))
        first = set(source.bad)
        spoil(source)
        rig.complete(rig.ingest(source))
        findings = rig.examine(source, reference)
    assert set(findings.both) == source.bad.keys() - first
    assert set(findings.relisted) == first != set()
    assert (findings.lost, findings.wrong_reasons, findings.wrong_vectors) == ((), (), ())
    with pytest.raises(InvariantBroken, match="both"):
        findings.must_hold()


def test_random_ids_make_duplicates(place: Place, tmp_path: Path, source: Source, reference: Reference) -> None:
    with Rig(place, tmp_path / "rig", "random", ("random_ids",)) as rig:
        rig.complete(rig.ingest(source))
        rig.complete(rig.ingest(source))
        findings = rig.examine(source, reference)
    assert len(findings.duplicated) >= len(source.good)
    with pytest.raises(InvariantBroken, match="duplicated"):
        findings.must_hold()


def test_the_client_librarys_bulk_helper_loses_images_when_pushed_back(
    place: Place, tmp_path: Path, source: Source, reference: Reference
) -> None:
    with Rig(place, tmp_path / "rig", "helper", ("default_bulk",)) as rig:
        rig.busy_proxy.push_back(0.3)
        producer = rig.ingest(source)
        producer.wait()
        rig.busy_proxy.calm()
        findings = rig.examine(source, reference)
    with pytest.raises(InvariantBroken, match="lost"):
        findings.must_hold()


def test_without_patience_a_store_that_fails_for_a_moment_loses_images(
    place: Place, tmp_path: Path, reference: Reference
) -> None:
    source = make_source(tmp_path / "pictures", 80)
    patches = ("no_host_wait", "short_listings")
    with (
        Rig(place, tmp_path / "rig", "impatient", patches, decode_s=0) as rig,
        bucket_of(rig, source) as listing,
    ):
        sick, cut = Fault(lambda asked: asked.key == SICK, 9, status=500), Fault(is_page(3), 9, cut_after=200)
        rig.store.faults = [sick, cut]
        rig.complete(rig.ingest(listing))
        findings = rig.examine(source, reference)
    assert sick.times < 9 and cut.times < 9, "nothing was injected"
    assert any(f"{SICK} (host_unavailable" in wrong for wrong in findings.wrong_reasons)
    with pytest.raises(InvariantBroken, match="lost"):
        findings.must_hold()
