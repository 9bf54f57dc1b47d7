"""What belongs to a source, so that it is an orphan when the source no longer has it."""

import os
from pathlib import Path

import pytest

from lookalike.errors import SourceMissing
from lookalike.records import Reason
from lookalike.storage import local_uri
from lookalike_producer.refused import RefusedReference, UnlistedFolder, UnlistedTable
from lookalike_producer.scope import FolderScope, InnerScope, PrefixScope, Scope, Scopes, covered, scopes
from lookalike_producer.scope.many import MOST_LISTED
from lookalike_producer.unlisted import Unlisted
from lookalike_producer.walk.options import WalkOptions
from testing.archives import write_tar


def test_a_list_may_be_complete_for_addresses(tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_text("https://example.com/a/1.jpg\n")
    within = ["s3://bucket/pics", "gs://bucket/pics/", "HTTPS://Example.com:443/a", str(tmp_path)]
    assert [scope.prefixes[0] for scope in scopes([str(tmp_path / "l.txt")], within)] == [
        f"{tmp_path}/l.txt#",
        "s3://bucket/pics/",
        "gs://bucket/pics/",
        "https://example.com/a/",
        f"{tmp_path}/",
    ]


@pytest.mark.parametrize("name", ["https://user:secret@example.com/a", "https:///a", "nowhere"])
def test_what_a_list_cannot_be_complete_for_is_a_sentence_without_credentials(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceMissing) as caught:
        scopes([str(tmp_path)], [name])
    assert "secret" not in str(caught.value)


def test_a_prefix_covers_what_a_listing_would_give() -> None:
    options = WalkOptions(exclude=("raw/",))
    scope = PrefixScope("s3://b/pics/", ("**", "*.jpg"), options)
    covered = ["s3://b/pics/a.jpg", "s3://b/pics/deep/a.jpg"]
    others = ["s3://b/pics/a.png", "s3://b/pics/raw/a.jpg", "s3://b/pics2/a.jpg", "s3://b/pics/x.tar#a.jpg", "/a.jpg"]
    tars = PrefixScope("s3://b/pics/", ("*.tar",), options)
    assert tars.covers("s3://b/pics/x.tar#in/a.png") and not tars.covers("s3://b/pics/x.tar#raw/a.png")
    assert [uri for uri in covered + others if scope.covers(uri)] == covered


def test_a_member_belongs_where_its_archive_lies(tmp_path: Path) -> None:
    everything = FolderScope(str(tmp_path))
    tars = FolderScope(str(tmp_path), ("*.tar",))
    without = FolderScope(str(tmp_path), options=WalkOptions(exclude=("raw/",)))
    member = f"{tmp_path}/x.tar#sub/a.jpg"
    assert everything.covers(member) and tars.covers(member) and without.covers(member)
    assert not without.covers(f"{tmp_path}/x.tar#raw/a.jpg")
    assert not tars.covers(local_uri(tmp_path / "odd.tar#a.jpg")), "a file may be called so"
    assert everything.covers(local_uri(tmp_path / "odd.tar#a.jpg"))
    assert InnerScope(f"{tmp_path}/x.tar").covers(member)
    assert not InnerScope(f"{tmp_path}/x.tar").covers(f"{tmp_path}/x.tar.gz#a.jpg")


def test_the_scope_of_a_single_archive_is_its_members(tmp_path: Path) -> None:
    write_tar(tmp_path / "x.tar", {"a.jpg": b"x"})
    (tmp_path / "a.jpg").touch()
    [scope] = scopes([str(tmp_path / "x.tar"), str(tmp_path / "a.jpg")])
    assert scope == InnerScope(f"{tmp_path}/x.tar")
    assert scopes(["https://example.com/x.zip"]) == [InnerScope("https://example.com/x.zip")]
    assert scopes(["https://example.com/x.jpg"]) == []


def test_the_rejected_rows_of_a_table_belong_to_it_and_no_image_does(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("url\nhttps://example.com/a.jpg\n")
    [scope] = scopes([str(table)])
    assert scope.covers(f"{table}#row=2") and scope.covers(str(table))
    assert not scope.covers("https://example.com/b.jpg") and not scope.covers(f"{tmp_path}/b.jpg")
    assert not scope.covers(f"{table}#1.jpg") and not scope.covers(local_uri(f"{table}#row=2"))


def test_the_refused_lines_of_a_list_belong_to_it(tmp_path: Path) -> None:
    listing = tmp_path / "list.txt"
    listing.write_text("a.jpg\n")
    [scope] = scopes([str(listing)])
    assert scope.covers(f"{listing}#row=2") and not scope.covers(f"{listing}#1.jpg")
    assert not scope.covers(str(listing)), "a walk may have found it among images"


def test_the_rows_of_a_table_that_is_gone_belong_to_its_folder(tmp_path: Path) -> None:
    (tmp_path / "0.csv").write_text("url\nhttps://example.com/a.jpg\n")
    gone = f"{tmp_path}/1.csv#row=3"
    for source, is_covered in ((tmp_path, True), (tmp_path / "*.csv", True), (tmp_path / "0*.csv", False)):
        found = scopes([str(source)])
        assert covered(gone, found) is is_covered and not covered(f"{tmp_path}/a.jpg", found), source


@pytest.mark.parametrize(
    ("where", "known", "unknown"),
    [
        ("/p/sub", "/p/a.jpg", "/p/sub/a.jpg"),
        ("/p/x.tar", "/p/x.tar2#a.jpg", "/p/x.tar#a.jpg"),
        ("s3://b/p/", "s3://b/p2/a.jpg", "s3://b/p/x.tar#a.jpg"),
        ("s3://b/x.zip", "s3://b/y.zip#a.jpg", "s3://b/x.zip#a.jpg"),
        ("https://h/x.tar", "https://h/a.jpg", "https://h/x.tar#a.jpg"),
    ],
)
def test_what_could_not_be_listed_is_unknown(where: str, known: str, unknown: str) -> None:
    unlisted = Unlisted()
    unlisted.add_reference(RefusedReference(f"{known}#row=1", reason=Reason.BAD_URI))
    unlisted.add_reference(UnlistedFolder(where))
    assert unlisted.covers(unknown) and not unlisted.covers(known)


def test_a_table_that_breaks_off_leaves_everything_unknown() -> None:
    unlisted = Unlisted()
    unlisted.add_reference(UnlistedTable("/t.csv", reason=Reason.TRUNCATED))
    assert unlisted.covers("https://example.com/a.jpg")


def test_of_thousands_of_scopes_the_same_ones_cover_a_uri() -> None:
    odd = os.fsdecode(b"/p/odd\xff")
    few: list[Scope] = [
        *(FolderScope("/p/a"), FolderScope("/p/a/b"), FolderScope("/p/g", ("**", "*.jpg")), FolderScope(odd)),
        *(PrefixScope("s3://b/c/"), PrefixScope("https://h/d/"), InnerScope("/p/x.tar"), InnerScope("s3://b/t.csv")),
    ]
    many = [*few, *(FolderScope(f"/p/n/{number}") for number in range(10_000))]
    folders = ("/p/a/", "/p/a/b/", "/p/ab/", "/p/g/h/", "/p/n/77/", "/p/n/7777777/", "/q/", "file:///p/odd%FF/")
    inside = ("/p/x.tar#", "/p/x.tar2#", "/p/a/y.zip#z/", "s3://b/c/", "s3://b/cc/", "https://h/d/", "s3://b/t.csv#")
    uris = [f"{folder}{name}" for folder in (*folders, *inside) for name in ("1.jpg", "deep/2.png", "row=3")]
    uris += ["/p/x.tar", "/p/a", "s3://b/t.csv", "/p/n"]
    for some in (few, many):
        found = Scopes(some)
        covering = {uri for uri in uris if covered(uri, some)}
        assert {uri for uri in uris if found.covers(uri)} == covering and 10 < len(covering) < len(uris)
        assert len(found.prefixes) <= MOST_LISTED
        assert all(uri.startswith(tuple(found.prefixes)) for uri in covering)
    assert Scopes([]).prefixes == [] and not Scopes([]).covers("/p/a")
    assert list(Scopes(few).covering("/p/a/b/1.jpg")) == few[:2]
