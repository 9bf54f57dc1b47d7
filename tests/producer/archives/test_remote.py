"""Archives in stores are listed as a stream, and their members read by range, like those on a disk."""

from pathlib import Path

import pytest

from lookalike.errors import ImageRejected
from lookalike.reading.reader import Reader
from lookalike.records import ImageRef, Reason
from lookalike.settings import read_settings
from lookalike_producer.refused import RefusedReference, UnlistedFolder
from lookalike_producer.sources import find_images
from testing.archives import write_tar, write_zip
from testing.services.s3 import S3Proxy, S3Server
from tests.reading.archives.test_place import WRITERS

MEMBERS = {"cats/a.jpg": b"a" * 700, "b.jpg": b"b", "b.txt": b"a dog", "b.cls": b"dog"}


def test_shards_in_a_store(s3: S3Server, tmp_path: Path) -> None:
    shard = write_tar(tmp_path / "a.tar", MEMBERS).read_bytes()
    packed = write_zip(tmp_path / "a.zip", MEMBERS).read_bytes()
    bucket = s3.bucket("one", {"in/0.tar": shard, "in/2.tar": shard[:1000], "in/3.zip": packed, "in/c.jpg": b"c"})
    inner = {"cats/a.jpg": "cats", "b.jpg": "dog"}
    expected = {f"{bucket}/in/{name}#{member}" for name in ("0.tar", "3.zip") for member in inner}
    for sources in ([f"{bucket}/in/"], [f"{bucket}/in/*.tar", f"{bucket}/in/*.zip", f"{bucket}/in/c.jpg"]):
        found = {ref.uri: ref for ref in find_images(sources)}
        assert set(found) == expected | {f"{bucket}/in/{name}" for name in ("2.tar", "c.jpg", "2.tar#cats/a.jpg")}
        record = found[f"{bucket}/in/2.tar"]
        assert isinstance(record, UnlistedFolder) and record.reason is Reason.TRUNCATED
    assert {uri.partition("#")[2]: found[uri].label for uri in expected} == inner
    assert found[f"{bucket}/in/3.zip#b.jpg"].metadata == {"caption": "a dog"}
    reader = Reader(read_settings(home=tmp_path, roots=(f"{bucket}/",)))
    for uri in expected:
        content = MEMBERS[uri.partition("#")[2]]
        fetched = reader.fetch(found[uri])
        assert fetched.data == content and fetched.etag == found[uri].etag != ""
        assert reader.fetch(ImageRef(uri)) == fetched and reader.state(uri).etag == fetched.etag
    cut = found[f"{bucket}/in/2.tar#cats/a.jpg"]
    assert isinstance(cut, RefusedReference) and cut.reason is Reason.TRUNCATED
    with pytest.raises(ImageRejected, match="cut off in it, after 488 of 700 bytes") as caught:
        reader.fetch(ImageRef(cut.uri))
    assert caught.value.reason is Reason.UNREADABLE, "its document must stay"
    reader.close()


def test_a_row_of_shards_with_a_gap(s3: S3Server, tmp_path: Path) -> None:
    shard = write_tar(tmp_path / "a.tar", {"a.jpg": b"a"}).read_bytes()
    bucket = s3.bucket("one", {"0.tar": shard, "2.tar": shard})
    found = {ref.uri.rpartition("/")[2]: ref for ref in find_images([f"{bucket}/{{0..2}}.tar"])}
    assert set(found) == {"0.tar#a.jpg", "1.tar", "2.tar#a.jpg"}
    record = found["1.tar"]
    assert isinstance(record, UnlistedFolder) and record.reason is Reason.NOT_FOUND


def test_a_listed_member_takes_one_request(s3: S3Server, s3_proxy: S3Proxy, tmp_path: Path) -> None:
    bucket = s3.bucket("one", {"a.tar": write_tar(tmp_path / "a.tar", MEMBERS).read_bytes()})
    references = list(find_images([f"{bucket}/a.tar"]))
    asked = len(s3_proxy.asked)
    reader = Reader(read_settings(home=tmp_path, roots=(f"{bucket}/",)))
    for ref in references:
        reader.fetch(ref)
    assert len(s3_proxy.asked) - asked == len(references) == 2
    reader.close()


@pytest.mark.parametrize("name", ["a.tar.gz", "e.tar.zst"])
def test_a_compressed_tar_in_a_store(name: str, s3: S3Server, tmp_path: Path) -> None:
    bucket = s3.bucket("one", {name: WRITERS[name](tmp_path / name).read_bytes()})
    reader = Reader(read_settings(home=tmp_path, roots=(f"{bucket}/",)))
    for ref in find_images([f"{bucket}/{name}"]):
        assert reader.fetch(ref).data == reader.read(ref.uri)
    reader.close()


def test_an_archive_that_is_replaced_before_its_members_are_read(s3: S3Server, tmp_path: Path) -> None:
    bucket = s3.bucket("one", {"a.tar": write_tar(tmp_path / "a.tar", MEMBERS).read_bytes()})
    found = {ref.uri.partition("#")[2]: ref for ref in find_images([f"{bucket}/a.tar"])}
    reader = Reader(read_settings(home=tmp_path, roots=(f"{bucket}/",)))
    new = write_tar(tmp_path / "b.tar", {"c.jpg": b"c" * 3000, "b.jpg": b"new b"}).read_bytes()
    s3.client().put_object(Bucket="one", Key="a.tar", Body=new)
    fetched = reader.fetch(found["b.jpg"])
    assert fetched.data == b"new b" and fetched.etag != found["b.jpg"].etag
    for body, reason in ((new, Reason.NOT_FOUND), (new[:700], Reason.UNREADABLE), (b"<html>" * 99, Reason.UNREADABLE)):
        s3.client().put_object(Bucket="one", Key="a.tar", Body=body)
        with pytest.raises(ImageRejected) as caught:
            reader.fetch(found["cats/a.jpg"])
        assert caught.value.reason is reason
    reader.close()
