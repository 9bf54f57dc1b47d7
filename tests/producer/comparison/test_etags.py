"""Documents get the etags of their bytes, so that a file is read once."""

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from lookalike.index import Index
from lookalike.records import ImageRef, document_id
from lookalike_producer.diff import Diff
from lookalike_producer.finding import Finding, NewEtag, SyncStatus
from lookalike_producer.new_etags import add_etags
from tests.producer.comparison.compared import everywhere, findings, store


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
    found = list(findings(refs, [], index, on_read=reads.append))
    assert [item.status for item in found] == [SyncStatus.PRESENT, SyncStatus.PRESENT, SyncStatus.STALE]
    assert sorted(reads) == [str(folder / "changed.jpg"), str(folder / "touched.jpg")]
    assert len(list(findings(refs, [], index, reads_all=True, on_read=reads.append))) == 3 and len(reads) == 5


def await_settled(refs: Sequence[ImageRef]) -> None:
    reader = everywhere()
    while not all(reader.state(ref.uri).etag for ref in refs):
        time.sleep(0.05)


def with_new_etags(refs: Sequence[ImageRef], index: Index) -> list[Finding]:
    """The findings, after which the documents have their etags."""
    found = list(findings(refs, [], index))
    with closing(Diff(deletes=False)) as diff:
        diff.collect(found)
        add_etags(diff.new_etags(2), index)
    return found


def test_an_etag_is_not_given_to_a_document_of_other_bytes(index: Index, folder: Path) -> None:
    store(index, folder / "a.jpg")
    id = document_id(str(folder / "a.jpg"))
    add_etags([{id: NewEtag("1", "other"), "gone": NewEtag("2", "other")}], index)
    assert index.stored([id])[id].etag == ""
