"""A bucket is compared by its listing."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.errors import PermanentError, SourceMissing
from lookalike.index import Index
from lookalike_producer.finding import SyncStatus
from lookalike_producer.scope import scopes
from lookalike_producer.sources import find_images
from testing.services.s3 import Fault, S3Proxy, S3Server
from tests.index.documents import clustered_vectors, document
from tests.producer.comparison.compared import findings


@pytest.fixture
def bucket(s3_proxy: S3Proxy, s3: S3Server, index: Index) -> str:
    """A bucket whose objects have documents: `in/0.jpg` to `in/4.jpg`."""
    s3.bucket("shop", {f"in/{number}.jpg": b"%d" % number for number in range(5)})
    for ref in find_images(["s3://shop/in/"]):
        content = ref.uri[-5].encode()
        made = document(ref.uri, clustered_vectors(1)[0])
        sha256 = hashlib.sha256(content).hexdigest()
        index.write([replace(made, name="in", content_sha256=sha256, etag=hashlib.md5(content).hexdigest())])
    return "s3://shop/in/"


def compared(index: Index, *sources: str, reads_all: bool = False) -> dict[str, SyncStatus]:
    found = list(findings(find_images(sources), scopes(sources), index, reads_all=reads_all))
    return {item.uri: item.status for item in found if item.status is not SyncStatus.PRESENT}


def test_an_unchanged_bucket_takes_its_listing_and_no_request_for_an_image(
    index: Index, bucket: str, s3: S3Server, s3_proxy: S3Proxy
) -> None:
    s3_proxy.asked.clear()
    assert compared(index, bucket) == {}
    assert all(asked.is_list for asked in s3_proxy.asked)
    s3.client().put_object(Bucket="shop", Key="in/1.jpg", Body=b"other")
    s3.client().put_object(Bucket="shop", Key="in/new.jpg", Body=b"new")
    s3.client().delete_object(Bucket="shop", Key="in/2.jpg")
    s3_proxy.asked.clear()
    assert compared(index, bucket) == {
        "s3://shop/in/1.jpg": SyncStatus.STALE,
        "s3://shop/in/new.jpg": SyncStatus.MISSING,
        "s3://shop/in/2.jpg": SyncStatus.ORPHANED,
    }
    assert [asked.key for asked in s3_proxy.asked if not asked.is_list] == ["in/1.jpg"]
    s3_proxy.asked.clear()
    assert len(compared(index, bucket, reads_all=True)) == 3
    assert sorted(asked.key for asked in s3_proxy.asked if not asked.is_list) == [f"in/{n}.jpg" for n in (0, 1, 3, 4)]


def test_images_of_a_bucket_in_a_list_are_looked_at_and_not_downloaded(
    index: Index, bucket: str, s3: S3Server, s3_proxy: S3Proxy, tmp_path: Path
) -> None:
    listing = tmp_path / "l.txt"
    listing.write_text("".join(f"s3://shop/in/{number}.jpg\n" for number in range(5)))
    s3.client().delete_object(Bucket="shop", Key="in/2.jpg")
    s3_proxy.asked.clear()
    assert compared(index, str(listing)) == {"s3://shop/in/2.jpg": SyncStatus.ORPHANED}
    assert {asked.method for asked in s3_proxy.asked} == {"HEAD"}


def test_a_bucket_that_is_away_empty_or_denied_has_no_orphans(
    index: Index, bucket: str, s3: S3Server, s3_proxy: S3Proxy
) -> None:
    for fault in (Fault(status=403, code="AccessDenied"), Fault(status=404, code="NoSuchBucket")):
        s3_proxy.faults.append(fault)
        with pytest.raises(PermanentError):
            compared(index, bucket)
        s3_proxy.heal()
    for number in range(5):
        s3.client().delete_object(Bucket="shop", Key=f"in/{number}.jpg")
    with pytest.raises(SourceMissing):
        compared(index, bucket)
