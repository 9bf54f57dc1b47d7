"""What has the etag that it had is not read again; everything else is."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import pytest

from lookalike.errors import HostUnavailable, ImageRejected
from lookalike.metadata import FieldType, Kind
from lookalike.reading.contract import Fetched, State
from lookalike.records import Basis, FileTimes, ImageRef, Reason, Rejected, Rejection, Stored
from lookalike.remembered import Remembered
from lookalike_producer.examiner import Examiner, Files
from lookalike_producer.finding import Finding, NewEtag, SyncStatus
from lookalike_producer.refused import RefusedReference, UnlistedFolder

URI = "https://example.com/a.jpg"
REF = ImageRef(URI, "cat", {"year": 2026})
SHA256 = hashlib.sha256(b"x").hexdigest()
STORED = Stored(SHA256, "f", "job/0", "cat", {"year": 2026}, etag="1")
AWAY = HostUnavailable("https://example.com", "it does not answer")

Answer = Fetched | ImageRejected | HostUnavailable


class Place:
    """One image, and what was asked about it."""

    def __init__(self, answer: Answer, times: FileTimes | None = None) -> None:
        self._answer = answer
        self._times = times
        self.asked: list[str] = []

    def fetch(self, ref: ImageRef) -> Fetched:
        self.asked.append("fetch")
        return self._given()

    def state(self, uri: str) -> State:
        self.asked.append("state")
        return State(self._given().etag)

    def look(self, uri: str) -> FileTimes | None:
        return self._times

    def _given(self) -> Fetched:
        if isinstance(self._answer, Fetched):
            return self._answer
        raise self._answer


def examined(
    place: Place,
    stored: Stored | None,
    *,
    ref: ImageRef = REF,
    record: Rejection | None = None,
    reads_all: bool = False,
    leaves_changed: bool = False,
) -> Finding:
    records: Mapping[str, Rejection] = {record.ref.uri: record} if record else {}
    earlier = Remembered(records, look=place.look, rules=lambda reason: "1")
    files = Files(place.fetch, place.state, place.look, lambda reason: "1", reads_all, leaves_changed)
    return Examiner(files, "f", {"size": FieldType(Kind.INTEGER)}).examined(ref, stored, earlier)


def recorded(reason: Reason, *, etag: str = "", content_sha256: str = "", kept: bool = False) -> Rejection:
    return Rejection(Rejected(URI, reason, kept=kept), REF, Basis(etag, content_sha256, "1"))


@pytest.mark.parametrize(
    ("stored", "status"),
    [
        (STORED, SyncStatus.PRESENT),
        (replace(STORED, name="dog"), SyncStatus.STALE),
        (replace(STORED, metadata={}), SyncStatus.STALE),
        (replace(STORED, model="other"), SyncStatus.WRONG_MODEL),
    ],
)
def test_what_has_the_etag_of_its_document_is_not_read(stored: Stored, status: SyncStatus) -> None:
    place = Place(Fetched(b"x", "1"))
    assert (examined(place, stored).status, place.asked) == (status, ["state"])


def test_what_stands_for_no_number_does_not_make_an_image_stale_for_ever() -> None:
    for size, status in (("n/a", SyncStatus.PRESENT), ("5", SyncStatus.STALE)):
        ref = replace(REF, metadata={"year": 2026, "size": size})
        assert examined(Place(Fetched(b"x", "1")), STORED, ref=ref).status is status


def test_an_etag_from_a_listing_needs_no_request() -> None:
    place = Place(Fetched(b"y", "2"))
    assert examined(place, STORED, ref=replace(REF, etag="1")).status is SyncStatus.PRESENT
    assert place.asked == []
    record = recorded(Reason.CORRUPT, etag="1")
    assert examined(place, None, ref=replace(REF, etag="1"), record=record).status is SyncStatus.REJECTED
    assert place.asked == []


def test_the_times_of_a_local_file_need_no_reading_either() -> None:
    times = FileTimes(1, 2, 3)
    place = Place(Fetched(b"x", times.etag), times)
    ref = replace(REF, uri="/a.jpg")
    assert examined(place, replace(STORED, etag=times.etag), ref=ref).status is SyncStatus.PRESENT
    assert place.asked == []
    assert examined(place, replace(STORED, etag="1-2-2"), ref=ref).new_etag == NewEtag(times.etag, SHA256)
    assert place.asked == ["fetch"]


@pytest.mark.parametrize("former", ["", "0"])
def test_another_etag_or_none_is_no_proof_and_the_bytes_decide(former: str) -> None:
    stored = replace(STORED, etag=former)
    same = examined(Place(Fetched(b"x", "1")), stored)
    assert (same.status, same.new_etag) == (SyncStatus.PRESENT, NewEtag("1", SHA256))
    assert examined(Place(Fetched(b"y", "1")), stored).status is SyncStatus.STALE
    without = examined(Place(Fetched(b"x")), stored)
    assert (without.status, without.new_etag) == (SyncStatus.PRESENT, None)


def test_an_image_that_a_job_reads_anyway_is_not_read_before_unless_its_place_gives_no_etag() -> None:
    place = Place(Fetched(b"x", "2"))
    assert examined(place, STORED, leaves_changed=True).status is SyncStatus.STALE
    assert examined(place, replace(STORED, model="other"), leaves_changed=True).status is SyncStatus.WRONG_MODEL
    record = recorded(Reason.CORRUPT, etag="1", content_sha256=SHA256)
    assert examined(place, None, record=record, leaves_changed=True).status is SyncStatus.MISSING
    listed = replace(REF, uri="s3://shop/a.jpg", etag="2")
    assert examined(place, STORED, ref=listed, leaves_changed=True).status is SyncStatus.STALE
    assert place.asked == ["state"] * 3
    place.asked.clear()
    # A member has another etag whenever its archive was written, and a file whenever it was touched.
    for ref in (replace(REF, uri="s3://shop/a.tar#a.jpg", etag="2"), replace(REF, uri="/a.jpg", etag="2")):
        assert examined(place, STORED, ref=ref, leaves_changed=True).status is SyncStatus.PRESENT
    assert examined(place, replace(STORED, etag=""), leaves_changed=True).status is SyncStatus.PRESENT
    assert place.asked == ["fetch"] * 3


def test_a_thorough_comparison_believes_no_etag() -> None:
    place = Place(Fetched(b"y", "1"))
    assert examined(place, STORED, reads_all=True).status is SyncStatus.STALE
    assert examined(place, STORED, ref=replace(REF, etag="1"), reads_all=True).status is SyncStatus.STALE
    assert examined(place, None, record=recorded(Reason.CORRUPT, etag="1"), reads_all=True).status is SyncStatus.MISSING
    assert place.asked == ["fetch"] * 3


def test_a_new_image_is_not_even_looked_at() -> None:
    place = Place(Fetched(b"x", "1"))
    assert (examined(place, None).status, place.asked) == (SyncStatus.MISSING, [])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ImageRejected(Reason.NOT_FOUND), SyncStatus.ORPHANED),
        (ImageRejected(Reason.FORBIDDEN), SyncStatus.UNREADABLE),
        (ImageRejected(Reason.DISALLOWED), SyncStatus.UNREADABLE),
        (ImageRejected(Reason.NOT_AN_IMAGE), SyncStatus.UNREADABLE),
        (AWAY, SyncStatus.UNREADABLE),
    ],
)
def test_a_document_whose_image_cannot_be_read_is_an_orphan_only_if_the_image_is_gone(
    error: ImageRejected | HostUnavailable, status: SyncStatus
) -> None:
    assert examined(Place(error), STORED).status is status
    reason = error.reason if isinstance(error, ImageRejected) else Reason.HOST_UNAVAILABLE
    expected = SyncStatus.ORPHANED if status is SyncStatus.ORPHANED else SyncStatus.REJECTED
    assert examined(Place(error), STORED, record=recorded(reason, kept=True)).status is expected


@pytest.mark.parametrize("reason", [Reason.NOT_FOUND, Reason.FORBIDDEN, Reason.DISALLOWED, Reason.HOST_UNAVAILABLE])
def test_a_reason_of_access_stands_until_a_look_finds_it_gone(reason: Reason) -> None:
    error = AWAY if reason is Reason.HOST_UNAVAILABLE else ImageRejected(reason)
    away, back = Place(error), Place(Fetched(b"x"))
    assert (examined(away, None, record=recorded(reason)).status, away.asked) == (SyncStatus.REJECTED, ["state"])
    assert (examined(back, None, record=recorded(reason)).status, back.asked) == (SyncStatus.MISSING, ["state"])
    other = Place(ImageRejected(Reason.UNTRUSTED_HOST))
    assert examined(other, None, record=recorded(reason)).status is SyncStatus.UNREADABLE, "another reason is news"


def test_a_reason_about_the_content_stands_by_etag_or_by_hash() -> None:
    place = Place(Fetched(b"x", "1"))
    assert examined(place, None, record=recorded(Reason.CORRUPT, etag="1")).status is SyncStatus.REJECTED
    assert place.asked == ["state"]
    by_hash = recorded(Reason.CORRUPT, etag="0", content_sha256=SHA256)
    assert examined(place, None, record=by_hash).status is SyncStatus.REJECTED
    assert examined(place, None, record=recorded(Reason.CORRUPT, etag="0")).status is SyncStatus.MISSING


@pytest.mark.parametrize("kind", [RefusedReference, UnlistedFolder])
def test_what_no_worker_sees_is_rejected_once(kind: type[RefusedReference]) -> None:
    row = kind("/t.csv#row=3", reason=Reason.BAD_URI, detail="row 3: empty")
    place = Place(Fetched(b"x"))
    before = Rejection(Rejected(row.uri, Reason.BAD_URI), ImageRef(row.uri))
    other = Rejection(Rejected(row.uri, Reason.BAD_METADATA), ImageRef(row.uri))
    assert examined(place, None, ref=row).status is SyncStatus.UNREADABLE
    assert examined(place, None, ref=row, record=before).status is SyncStatus.REJECTED
    assert examined(place, None, ref=row, record=other).status is SyncStatus.UNREADABLE
    assert place.asked == []
