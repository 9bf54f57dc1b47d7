"""What may happen while images wait for a store: none is lost, listed twice, or rejected for another's fault."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from lookalike.records import Reason
from testing.processes import answer, await_true, lookalike
from testing.services.opensearch import OpenSearchServer, left_as_found
from testing.services.s3 import Fault
from tests.faults.images import Source, make_source
from tests.faults.invariants import Reference
from tests.faults.object_stores import beside_a_host
from tests.faults.pace import SHORT
from tests.faults.rig import Place, Rig

IMAGES = 120
#: Long enough for several attempts, and for a machine that stands still meanwhile.
HOST_WAIT_S = 15
EXPIRED = Fault(status=400, code="ExpiredToken")
#: A bucket that is elsewhere, as S3 says it.
ELSEWHERE = Fault(times=3, status=301, code="PermanentRedirect", headers={"x-amz-bucket-region": "eu-west-3"})

together = pytest.mark.xdist_group("what waits")


@pytest.fixture(scope="module")
def rig(
    opensearch_server: OpenSearchServer, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    place = Place(opensearch_server, tiny_model.parent, tiny_model, SHORT)
    settings = {"host_wait_s": HOST_WAIT_S}
    folder = tmp_path_factory.mktemp("waiting") / "rig"
    with left_as_found(opensearch_server), Rig(place, folder, "unused", settings=settings, decode_s=0.0) as rig:
        yield rig


@pytest.fixture
def listing(rig: Rig, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Source]:
    """Images on a host and in the store; what is expected of them may be changed."""
    rig.begin(request.node.name.replace("_", "-")[:40], {})
    with beside_a_host(rig, make_source(tmp_path / "pictures", IMAGES)) as listing:
        yield listing


def is_sick(uri: str) -> bool:
    """Some of the objects, which are every third image."""
    return uri.endswith(("3.jpg", "6.jpg"))


def in_store(source: Source) -> set[str]:
    return {uri for uri in (*source.good, *source.bad) if uri.startswith("s3://")}


def rejected(source: Source, uris: set[str], reason: Reason) -> Source:
    """The same if these images are rejected for this reason."""
    good = {uri: number for uri, number in source.good.items() if uri not in uris}
    return Source(source.folder, good, source.bad | dict.fromkeys(uris, reason))


def retry(rig: Rig, code: int = 0) -> int:
    """How many images are indexed when those are retried whose host was away; `code` is 1 if none is."""
    done = answer(lookalike(rig.environment, "failed", "retry", "--reason", "host_unavailable", "--json", code=code))
    return int(done["indexed"])


@together
def test_two_jobs_wait_for_one_store_and_keys_that_always_fail_cost_no_other_image(
    rig: Rig, listing: Source, reference: Reference
) -> None:
    sick = Fault(lambda asked: is_sick(asked.key), status=500, code="InternalError")
    rig.store.faults = [EXPIRED]
    producers = [rig.ingest(listing) for _ in range(2)]
    await_true(lambda: len(jobs := rig.broker.active_jobs()) == 2 and all(map(rig.broker.aside_of, jobs)))
    rig.redis.kill()
    rig.redis.restart()
    rig.store.faults = [ELSEWHERE, sick]
    for producer in producers:
        rig.complete(producer)
    expected = rejected(listing, set(filter(is_sick, in_store(listing))), Reason.HOST_UNAVAILABLE)
    rig.examine(expected, reference).must_hold()
    # A retry while they still fail changes nothing, and one that helps leaves nothing behind.
    assert retry(rig, code=1) == 0
    rig.examine(expected, reference).must_hold()
    rig.store.heal()
    assert retry(rig) > 0
    rig.examine(listing, reference).must_hold()


@together
def test_a_job_is_cancelled_while_its_images_wait_and_continued(
    rig: Rig, listing: Source, reference: Reference
) -> None:
    rig.store.faults = [Fault(is_reset=True)]
    producer = rig.ingest(listing)
    await_true(rig.broker.aside)
    (job,) = rig.broker.active_jobs()
    cancelled = json.loads(lookalike(rig.environment, "cancel", job, "--json").stdout)
    assert cancelled["state"] == "cancelled" and cancelled["not_done"] > 0
    assert producer.wait() != 0
    assert (rig.broker.due(), rig.broker.aside(), rig.broker.outstanding()) == ([], 0, set())
    rig.store.heal()
    rig.complete(rig.ingest(listing))
    rig.examine(listing, reference).must_hold()


@together
def test_a_bucket_that_is_deleted_in_the_middle_is_a_reason_for_each_of_its_images(
    rig: Rig, listing: Source, reference: Reference
) -> None:
    requests, stored = count(), in_store(listing)
    rig.store.faults = [Fault(lambda asked: next(requests) >= 10, status=404, code="NoSuchBucket")]
    rig.complete(rig.ingest(listing))
    (job,) = rig.broker.jobs()
    gone = {uri for uri, reason in rig.broker.rejections(job).items() if reason == "not_found" and uri in stored}
    assert len(stored) - 10 <= len(gone) <= len(stored)
    rig.examine(rejected(listing, gone, Reason.NOT_FOUND), reference).must_hold()
