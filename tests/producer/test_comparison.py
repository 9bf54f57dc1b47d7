"""Orphans are only images that the source certainly no longer has."""

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.errors import PermanentError, SourceMissing, SourceUnavailable
from lookalike.index import Index, open_index
from lookalike.reading.contract import Fetched
from lookalike.reading.reader import Reader
from lookalike.records import Basis, ImageRef, Reason, Rejected, Rejection, document_id
from lookalike.settings import read_settings
from lookalike_producer.comparison import compare
from lookalike_producer.diff import Diff
from lookalike_producer.examiner import Files
from lookalike_producer.finding import Finding, NewEtag, SyncStatus
from lookalike_producer.new_etags import add_etags
from lookalike_producer.part import Whole
from lookalike_producer.refused import UnlistedFolder, UnlistedTable
from lookalike_producer.rejection_records import RejectionRecords
from lookalike_producer.scope import FolderScope, RowScope, Scope, scopes
from lookalike_producer.sources import find_images
from lookalike_producer.walk.options import WalkOptions
from testing.archives import write_tar
from testing.services.s3 import Fault, S3Proxy, S3Server
from tests.index.documents import COSINE, clustered_vectors, document


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = open_index(f"lancedb://{tmp_path}/index", "images")
    opened.ensure(COSINE)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photos"
    (made / "sub").mkdir(parents=True)
    return made


def store(index: Index, path: Path, content: bytes = b"x") -> None:
    """A file, and its document."""
    path.write_bytes(content)
    made = document(str(path), clustered_vectors(1)[0])
    assert index.write([replace(made, content_sha256=hashlib.sha256(content).hexdigest())]) == []


class Records(RejectionRecords):
    """Rejections without a ledger."""

    def __init__(self, *rejections: Rejection) -> None:
        self._rejections = {rejection.ref.uri: rejection for rejection in rejections}
        self.leftovers: list[str] = []

    def batches(self) -> Iterator[Mapping[str, Rejection]]:
        yield self._rejections

    def of(self, uris: Sequence[str]) -> Iterator[Mapping[str, Rejection]]:
        yield {uri: self._rejections[uri] for uri in uris if uri in self._rejections}


def rejection(path: Path, reason: Reason, content: bytes | None = None, *, kept: bool = False) -> Rejection:
    """Of the file at `path` if it has this content; None is for a file that could not be read."""
    content_sha256 = hashlib.sha256(content).hexdigest() if content is not None else ""
    return Rejection(Rejected(str(path), reason, kept=kept), ImageRef(str(path)), Basis("", content_sha256, "1"))


def everywhere() -> Reader:
    return Reader(read_settings(home="/nonexistent", roots=("/", "s3://"), max_image_bytes=1000))


def statuses(references: Iterator[ImageRef], found: Sequence[Scope], index: Index) -> Counter[SyncStatus]:
    return Counter(finding.status for finding in findings(references, found, index))


def findings(
    references: Iterable[ImageRef],
    found: Sequence[Scope],
    index: Index,
    records: Records | None = None,
    *,
    reads_all: bool = False,
    on_read: Callable[[str], None] = lambda uri: None,
) -> list[Finding]:
    return list(compared_one_by_one(references, found, index, records, reads_all=reads_all, on_read=on_read))


def compared_one_by_one(
    references: Iterable[ImageRef],
    found: Sequence[Scope],
    index: Index,
    records: Records | None = None,
    *,
    reads_all: bool = False,
    on_read: Callable[[str], None] = lambda uri: None,
) -> Iterator[Finding]:
    reader = everywhere()

    def fetch(ref: ImageRef) -> Fetched:
        on_read(ref.uri)
        return reader.fetch(ref)

    records = records or Records()
    return compare(
        references,
        Whole(found),
        index=index,
        files=Files(fetch, reader.state, reader.look, lambda reason: "1", reads_all),
        records=records,
        fingerprint=COSINE.fingerprint,
        on_leftover=records.leftovers.append,
    )


def test_a_folder_that_cannot_be_listed_has_no_orphans(index: Index, folder: Path) -> None:
    for name in ("a.jpg", "sub/b.jpg", "sub/c.jpg"):
        store(index, folder / name)
    # A folder that cannot be listed is found as if it were an image.
    found = statuses(
        iter([ImageRef(str(folder / "a.jpg")), ImageRef(str(folder / "sub"))]), scopes([str(folder)]), index
    )
    assert found == {SyncStatus.PRESENT: 1, SyncStatus.UNREADABLE: 1}


def test_an_image_ingested_during_a_comparison_is_not_an_orphan(index: Index, folder: Path) -> None:
    store(index, folder / "a.jpg")

    def walk() -> Iterator[ImageRef]:
        yield ImageRef(str(folder / "a.jpg"))
        store(index, folder / "passed.jpg")

    assert statuses(walk(), scopes([str(folder)]), index) == {SyncStatus.PRESENT: 1}


def test_more_images_than_one_request_takes_are_compared(index: Index, folder: Path) -> None:
    vectors = clustered_vectors(2500)
    sha256 = hashlib.sha256(b"x").hexdigest()
    written = [document(str(folder / f"{i}.jpg"), vectors[i]) for i in range(2500)]
    index.write([replace(made, content_sha256=sha256) for made in written])
    for number in range(2300):
        (folder / f"{number}.jpg").write_bytes(b"x" if number else b"y")
    (folder / "new.jpg").write_bytes(b"x")
    found = statuses(find_images([str(folder)], "none"), scopes([str(folder)]), index)
    assert found == {SyncStatus.PRESENT: 2299, SyncStatus.STALE: 1, SyncStatus.MISSING: 1, SyncStatus.ORPHANED: 200}


def test_an_image_that_was_rejected_is_rejected_until_something_changes(index: Index, folder: Path) -> None:
    names = ("cut", "mended", "label", "price", "limit", "kept", "relabelled", "deleted", "new")
    content = dict.fromkeys(names, b"cut") | {"mended": b"good", "kept": b"x", "relabelled": b"x", "new": b"x"}
    for name, data in content.items():
        (folder / name).write_bytes(data)
    store(index, folder / "kept", b"before")
    store(index, folder / "relabelled", b"before")
    store(index, folder / "gone", b"before")
    (folder / "kept").write_bytes(b"y")
    (folder / "relabelled").write_bytes(b"x")
    (folder / "gone").unlink()
    missing = folder / "never there"
    records = Records(
        rejection(folder / "cut", Reason.TRUNCATED, b"cut"),
        rejection(folder / "mended", Reason.TRUNCATED, b"cut"),
        replace(rejection(folder / "label", Reason.TRUNCATED, b"cut"), ref=ImageRef(str(folder / "label"), "other")),
        replace(rejection(folder / "price", Reason.BAD_METADATA, b"cut"), ref=ImageRef(str(folder / "price"), "other")),
        replace(rejection(folder / "limit", Reason.TOO_LARGE, b"cut"), basis=Basis("", "", "another limit")),
        rejection(folder / "kept", Reason.TIMEOUT, b"y", kept=True),
        replace(
            rejection(folder / "relabelled", Reason.TIMEOUT, b"x", kept=True),
            ref=ImageRef(str(folder / "relabelled"), "other"),
        ),
        rejection(folder / "deleted", Reason.TIMEOUT, b"cut", kept=True),
        rejection(folder / "gone", Reason.NOT_FOUND, kept=True),
        rejection(missing, Reason.NOT_FOUND),
    )
    refs = [ImageRef(str(folder / name)) for name in (*content, "gone")] + [ImageRef(str(missing))]
    found = findings(refs, [], index, records)
    assert {Path(item.uri).name for item in found if item.is_outdated} == {"label"}, "its record needs the new label"
    assert {Path(item.uri).name: item.status for item in found} == {
        "cut": SyncStatus.REJECTED,
        "mended": SyncStatus.MISSING,
        "label": SyncStatus.REJECTED,
        "price": SyncStatus.MISSING,
        "limit": SyncStatus.MISSING,
        "kept": SyncStatus.REJECTED,
        "relabelled": SyncStatus.STALE,
        "deleted": SyncStatus.MISSING,
        "new": SyncStatus.MISSING,
        "gone": SyncStatus.ORPHANED,
        "never there": SyncStatus.REJECTED,
    }
    missing.write_bytes(b"x")
    assert [item.status for item in findings(refs[-1:], [], index, records)] == [SyncStatus.MISSING]


def test_rejections_of_images_that_are_gone_or_indexed_are_left_over(index: Index, folder: Path) -> None:
    for name in ("indexed", "kept"):
        store(index, folder / name)
    (folder / "kept").unlink()
    (folder / "cut").write_bytes(b"cut")
    records = Records(
        rejection(folder / "indexed", Reason.TRUNCATED, b"cut"),
        rejection(folder / "kept", Reason.NOT_FOUND, kept=True),
        rejection(folder / "cut", Reason.TRUNCATED, b"cut"),
        rejection(folder / "deleted", Reason.TRUNCATED, b"cut"),
        rejection(folder.parent / "beside", Reason.TRUNCATED, b"cut"),
        rejection(folder / "sub" / "unknown", Reason.TRUNCATED, b"cut"),
    )
    # A folder that cannot be listed is found as if it were an image: nobody knows what is in it.
    refs = [ImageRef(str(folder / name)) for name in ("indexed", "cut", "sub")]
    found = {Path(item.uri).name: item for item in findings(refs, scopes([str(folder)]), index, records)}
    assert records.leftovers == [str(folder / "deleted")]
    assert (found["indexed"].status, found["indexed"].is_recorded) == (SyncStatus.PRESENT, True)
    assert (found["kept"].status, found["cut"].status) == (SyncStatus.ORPHANED, SyncStatus.REJECTED)


def refused(uri: str) -> Rejection:
    """Of a row, a line or an archive, which no worker has seen."""
    return Rejection(Rejected(uri, Reason.BAD_URI), ImageRef(uri), Basis("", "", "1"))


def test_the_record_of_a_folder_stays_until_it_can_be_listed(index: Index, folder: Path) -> None:
    (folder / "sub" / "a.jpg").touch()
    (folder / "sub" / "deep").mkdir()
    of_folders = [folder, folder / "sub", folder / "sub" / "deep"]

    def left_over(source: Path, *more: ImageRef) -> list[Path]:
        records = Records(*(refused(str(path)) for path in (*of_folders, folder.parent, folder / "sub" / "b.jpg")))
        findings([*find_images([str(source)]), *more], scopes([str(source)]), index, records)
        return [Path(uri) for uri in records.leftovers if uri != str(folder / "sub" / "b.jpg")]

    assert sorted(left_over(folder)) == of_folders
    assert left_over(folder, UnlistedFolder(str(folder))) == [], "nobody knows what is below"
    assert sorted(left_over(folder, UnlistedFolder(str(folder / "sub")))) == of_folders[:1]
    assert sorted(left_over(folder / "*" / "*.jpg")) == of_folders[:2], "it does not list the third one"
    assert left_over(folder / "sub" / "a.jpg") == []


@pytest.mark.parametrize("name", ["some.list", "t.csv", "t.jsonl"])
def test_the_record_of_a_row_stays_until_its_row_is_mended_or_gone(name: str, index: Index, folder: Path) -> None:
    source, line = folder / name, '{{"path": "{}"}}\n' if name == "t.jsonl" else "{}\n"
    header = "path\n" if name == "t.csv" else ""

    def left_over(*paths: str) -> list[str]:
        source.write_text(header + "".join(map(line.format, paths)))
        records = Records(
            refused(f"{source}#row=2"),
            refused(f"{folder}/other{source.suffix}#row=2"),
            # A walk through the folder has found the file, and it was no image.
            rejection(source, Reason.UNSUPPORTED, b"text"),
        )
        found = findings(find_images([str(source)]), scopes([str(source)]), index, records)
        assert Counter(item.status for item in found)[SyncStatus.REJECTED] == ("x" * 9000 in paths)
        return records.leftovers

    assert left_over("a.jpg", "x" * 9000, "b.jpg") == []
    assert left_over("a.jpg", "c.jpg", "b.jpg") == [f"{source}#row=2"]
    assert left_over("a.jpg") == [f"{source}#row=2"]


def test_the_record_of_an_archive_in_a_list_stays_until_it_can_be_listed(index: Index, folder: Path) -> None:
    tar, listing = folder / "a.tar", folder / "some.list"
    whole = write_tar(tar, {"a.jpg": b"a", "b.jpg": b"b" * 20_000}).read_bytes()

    def left_over(lines: str, content: bytes) -> list[str]:
        tar.write_bytes(content)
        listing.write_text(lines)
        records = Records(replace(refused(str(tar)), rejected=Rejected(str(tar), Reason.TRUNCATED)))
        findings(find_images([str(listing)]), scopes([str(listing)]), index, records)
        return records.leftovers

    assert left_over("a.tar\n", whole[:3000]) == []
    assert left_over("a.tar#a.jpg\n", whole) == [], "nobody has listed it"
    assert left_over("a.tar\n", whole) == [str(tar)]


PATTERNS = ["*.jpg", "**/*.jpg", "*/*.jpg", "**/b*", "s?b/*", "[ab].*", "**", ".*", "**/sub/**/*.png", "sub/[!.]*"]
NAMES = ["a.jpg", "b.png", ".h.jpg", "sub/b.jpg", "sub/.h.jpg", "sub/deep/b.png", ".hidden/b.jpg", "sub.jpg"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_glob_covers_exactly_the_files_that_it_matches(pattern: str, folder: Path) -> None:
    for name in NAMES:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).touch()
    [scope, _] = scopes([str(folder / pattern)])
    found = {ref.uri for ref in find_images([str(folder / pattern)])}
    assert {str(folder / name) for name in NAMES if scope.covers(str(folder / name))} == found
    assert not scope.covers(str(folder) + "2/a.jpg")


def test_only_folders_and_globs_cover_other_files(folder: Path) -> None:
    listing = folder / "some.txt"
    listing.write_text("a.jpg\n")
    (folder / "a.jpg").touch()
    found = scopes([str(listing), "-", str(folder / "a.jpg")])
    assert found == [RowScope(str(listing), is_table=False), RowScope("stdin", is_table=False)]
    assert scopes([str(listing)], within=[str(folder)])[1:] == [FolderScope(str(folder))]
    with pytest.raises(SourceMissing, match="nowhere"):
        scopes([str(listing)], within=[str(folder / "nowhere")])


def test_what_is_excluded_is_in_no_scope(folder: Path) -> None:
    [scope, _] = scopes([str(folder)], options=WalkOptions(exclude=("raw/", "*.png", "!keep.png")))
    covered = ["a.jpg", "keep.png", "rawer/b.jpg", "@eaDir/c.jpg", ".d.jpg"]
    names = [*covered, "raw/b.jpg", "deep/raw/b.jpg", "deep/b.png"]
    assert [name for name in names if scope.covers(f"{folder}/{name}")] == covered
    [glob, _] = scopes([f"{folder}/*"], options=WalkOptions(include_hidden=True))
    assert glob.covers(f"{folder}/.d.jpg") and not glob.covers(f"{folder}/deep/b.png")


def test_the_root_of_the_disk_and_names_that_are_not_utf_8_have_prefixes() -> None:
    assert scopes(["/"])[0].prefixes == ("/", "file:///")
    odd = FolderScope(os.fsdecode(b"/odd\xff"))
    assert odd.prefixes == ("file:///odd%FF/",)
    assert odd.covers("file:///odd%FF/a.jpg") and not odd.covers("file:///odd%FE/a.jpg")
    assert not odd.covers("s3://bucket/a.jpg")


def test_a_file_is_read_only_until_its_document_has_the_etag_of_its_bytes(index: Index, folder: Path) -> None:
    refs = [ImageRef(str(folder / name)) for name in ("old.jpg", "touched.jpg", "changed.jpg")]
    for ref in refs:
        store(index, Path(ref.uri))
    # A file may change again with the same times for two seconds.
    assert {item.new_etag for item in findings(refs, [], index)} == {None}
    await_settled(refs)
    assert {item.status for item in with_new_etags(refs, index)} == {SyncStatus.PRESENT}
    assert all(stored.etag for stored in index.stored([ref.id for ref in refs]).values())
    (folder / "touched.jpg").touch()
    (folder / "changed.jpg").write_bytes(b"y")
    reads: list[str] = []
    found = findings(refs, [], index, on_read=reads.append)
    assert [item.status for item in found] == [SyncStatus.PRESENT, SyncStatus.PRESENT, SyncStatus.STALE]
    assert sorted(reads) == [str(folder / "changed.jpg"), str(folder / "touched.jpg")]
    assert len(findings(refs, [], index, reads_all=True, on_read=reads.append)) == 3 and len(reads) == 5


def await_settled(refs: Sequence[ImageRef]) -> None:
    reader = everywhere()
    while not all(reader.state(ref.uri).etag for ref in refs):
        time.sleep(0.05)


def with_new_etags(refs: Sequence[ImageRef], index: Index) -> list[Finding]:
    """The findings, after which the documents have their etags."""
    found = findings(refs, [], index)
    with closing(Diff(deletes=False)) as diff:
        diff.collect(found)
        add_etags(diff.new_etags(2), index)
    return found


def test_an_etag_is_not_given_to_a_document_of_other_bytes(index: Index, folder: Path) -> None:
    store(index, folder / "a.jpg")
    id = document_id(str(folder / "a.jpg"))
    add_etags([{id: NewEtag("1", "other"), "gone": NewEtag("2", "other")}], index)
    assert index.stored([id])[id].etag == ""


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
    found = findings(find_images(sources), scopes(sources), index, reads_all=reads_all)
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


def test_a_source_that_breaks_off_has_no_orphans(index: Index, folder: Path) -> None:
    for name in ("a.jpg", "b.jpg", "sub/c.jpg"):
        store(index, folder / name)

    def broken() -> Iterator[ImageRef]:
        yield ImageRef(str(folder / "a.jpg"))
        raise SourceUnavailable("store", "it does not answer")

    seen: list[Finding] = []
    with pytest.raises(SourceUnavailable):
        for finding in compared_one_by_one(broken(), scopes([str(folder)]), index):
            seen.append(finding)
    assert SyncStatus.ORPHANED not in {finding.status for finding in seen}
    # Nobody knows which images the rest of the table names, wherever they lie.
    table = UnlistedTable(str(folder.parent / "t.csv"), reason=Reason.TRUNCATED)
    found = statuses(iter([ImageRef(str(folder / "a.jpg")), table]), scopes([str(folder)]), index)
    assert found == {SyncStatus.PRESENT: 1, SyncStatus.UNREADABLE: 1}


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
