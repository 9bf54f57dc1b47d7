"""Both indexes find the planted copies and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from lookalike.duplicates import Comparison, Group, Star, comparison, groups_of
from lookalike.filters import conditions
from lookalike.index import Index, open_index
from lookalike.records import Document, Vector, document_id
from tests.index.documents import COSINE, DIMENSION, document, unit

RANDOM = np.random.default_rng(1)
#: An angle between two vectors whose score is above the threshold; the score of twice the angle is below it.
NEAR = np.arccos(0.99)


def unique(uri: str, vector: Vector) -> Document:
    return replace(document(uri, vector), content_sha256=f"{abs(hash(uri)):064x}")


def direction() -> Vector:
    vector = RANDOM.normal(size=DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def turned(angle: float) -> Vector:
    """A unit vector at an angle to one axis."""
    vector: Vector = np.cos(angle) * unit(0) + np.sin(angle) * unit(1)
    return vector.astype(np.float32)


@pytest.fixture
def index(location: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Forty distinct images, three with the same bytes, twelve near one another (more than the first search requests),
    and a chain of three of which the last one has a copy."""
    monkeypatch.setattr(comparison, "BATCH", 7)
    monkeypatch.setattr(comparison, "SEARCHED", 5)
    opened = open_index(location, "images")
    opened.ensure(COSINE)
    documents = [unique(f"/other/{number}", direction()) for number in range(40)]
    same = direction()
    documents += [replace(unique(f"/same/{number}", same), content_sha256="5" * 64) for number in range(3)]
    near = direction()
    documents += [unique(f"/near/{number:02d}", near + 0.002 * direction()) for number in range(12)]
    documents += [unique(f"/chain/{number}", turned(number * NEAR)) for number in range(3)]
    documents.append(replace(documents[-1], uri="/chain/copy-of-2", id=document_id("/chain/copy-of-2")))
    documents = [replace(each, metadata={"number": int(each.uri[-1])}) for each in documents]
    opened.write(documents)
    opened.refresh()
    yield opened
    opened.close()


def found(index: Index, threshold: float | None, filters: Sequence[str] = (), images: int = 59) -> list[Group]:
    made = Comparison(index, threshold, conditions(filters), threads=2)
    counts: dict[str, int] = {"read": 0, "compared": 0}
    made.read(lambda count: counts.update(read=counts["read"] + count))
    made.compare(lambda count: counts.update(compared=counts["compared"] + count))
    assert made.images == images == counts["read"] and counts["compared"] == (images if threshold else 0)
    return list(groups_of(index, made.stars()))


def uris(group: Group) -> list[str]:
    return [member.uri for member in group.members]


def test_planted_copies_are_found_and_nothing_else(index: Index) -> None:
    same, near, chain = found(index, 0.98)
    assert uris(same) == ["/same/0", "/same/1", "/same/2"] and same.is_identical and same.score == 1.0
    assert uris(near) == [f"/near/{number:02d}" for number in range(12)]
    assert not near.is_identical and 0.98 <= near.score < 1.0
    assert uris(chain) == ["/chain/0", "/chain/1", "/chain/2", "/chain/copy-of-2"]
    assert chain.centre == document_id("/chain/1") and chain.score == pytest.approx(0.99, abs=1e-5)
    assert {member.uri: round(member.score, 2) for member in chain.members} == {
        "/chain/0": 0.99,
        "/chain/1": 1.0,
        "/chain/2": 0.99,
        "/chain/copy-of-2": 0.99,
    }
    assert len({group.key for group in (same, near, chain)}) == 3


def test_images_that_are_gone_are_left_out(index: Index) -> None:
    made = Comparison(index, 0.98)
    made.read()
    made.compare()
    index.delete(document_id(uri) for uri in ("/same/0", "/chain/1", *(f"/near/{n:02d}" for n in range(1, 12))))
    index.refresh()
    assert [uris(group) for group in groups_of(index, made.stars())] == [["/same/1", "/same/2"]]


def test_size_and_time_are_those_of_files(index: Index) -> None:
    """Not of the archive that an image is in, nor of what another place calls its version. Of the same bytes, one size
    that is known is enough."""
    same, *_ = found(index, 0.98)
    first, second, third = (replace(unique(uri, unit(0)), content_sha256="5" * 64) for uri in uris(same))
    settled = [replace(first, etag="120-1577836800000000000-1"), replace(second, etag="")]
    archive, remote = (
        replace(unique(uri, unit(0)), content_sha256=digest * 64, etag="9-0-0")
        for uri, digest in (("/a.tar#b.jpg", "6"), ("https://host/c.jpg", "7"))
    )
    documents = [*settled, third, archive, remote]
    index.write(documents)
    index.refresh()
    star = Star(first.id, {each.id: 1.0 for each in documents})
    (group,) = groups_of(index, [star])
    sizes = {member.uri: (member.size_bytes, member.modified_at) for member in group.members}
    assert sizes == {
        first.uri: (120, "2020-01-01T00:00:00+00:00"),
        second.uri: (120, None),
        third.uri: (120, None),
        archive.uri: (None, None),
        remote.uri: (None, None),
    }
    assert {member.id for member in group.others} == {each.id for each in documents} - {group.keep}


def test_without_a_threshold_only_identical_images_are_found(index: Index) -> None:
    assert [len(group.members) for group in found(index, None)] == [3, 2]


def test_only_images_that_meet_the_filters_are_compared(index: Index) -> None:
    same, near, chain = found(index, 0.98, ["number<2"], images=8 + 2 + 4 + 2)
    assert uris(near) == [f"/near/{number}" for number in ("00", "01", "10", "11")]
    assert uris(same) == ["/same/0", "/same/1"] and uris(chain) == ["/chain/0", "/chain/1"]
    assert found(index, 0.98, ["number=5"], images=4 + 1) == []


def test_what_advancing_raises_ends_the_comparison(index: Index) -> None:
    def stop(count: int) -> None:
        raise KeyboardInterrupt

    made = Comparison(index, 0.98)
    made.read()
    with pytest.raises(KeyboardInterrupt):
        made.compare(stop)
