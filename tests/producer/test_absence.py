"""What is not seen is deleted from the index only if it is certainly gone."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from lookalike.settings import Settings, read_settings
from lookalike.storage import local_uri
from lookalike_producer.absence import Absence
from lookalike_producer.deletion import NAMED, Deletion, planned, unquestioned
from lookalike_producer.devices import Devices, identity
from lookalike_producer.diff import Diff
from lookalike_producer.finding import Finding, SyncStatus
from lookalike_producer.scope import walked
from lookalike_producer.walk.options import WalkOptions
from tests.producer.folders import unprivileged, write


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(home=tmp_path / "home")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return write(tmp_path / "library", "local/a.jpg", "local/b.jpg")


def why(settings: Settings, path: Path | str, *, accepts_devices: bool = False) -> str:
    doubt = Absence(Devices(settings), accepts_devices=accepts_devices).doubt(str(path))
    return f"{doubt.folder} {doubt.why}" if doubt else ""


def test_an_image_is_gone_if_its_folder_holds_others_or_is_gone_too(settings: Settings, library: Path) -> None:
    assert why(settings, library / "local" / "gone.jpg") == ""
    assert why(settings, library / "local" / "gone" / "x.jpg") == ""
    assert why(settings, library / "gone" / Path(*["d"] * 1200) / "x.jpg") == ""
    assert why(settings, library / "local" / "a.jpg" / "x.jpg") == ""


@pytest.mark.parametrize("content", [[], ["lost+found/"], [".hidden", "@eaDir/x.jpg"], ["2019/", "2020/deep/"]])
def test_an_empty_folder_may_be_that_of_an_absent_disk(content: list[str], settings: Settings, library: Path) -> None:
    (library / "nas").mkdir()
    for name in content:
        os.makedirs(library / "nas" / name) if name.endswith("/") else write(library / "nas", name)
    for image in ("x.jpg", "2019/x.jpg", "2021/deep/x.jpg"):
        assert "is empty" in why(settings, library / "nas" / image)
    write(library / "nas", "one.jpg")
    assert why(settings, library / "nas" / "x.jpg") == ""


def test_what_has_come_back_since_the_walk_is_not_gone(settings: Settings, library: Path) -> None:
    """But what the walk leaves out is gone, although its file is there."""
    elsewhere = write(library.with_name("elsewhere"), "x.jpg")
    write(library, "back.jpg", "@eaDir/x.jpg", ".hidden.jpg")
    (library / "link").symlink_to(elsewhere)
    left_out = [library / "@eaDir" / "x.jpg", library / ".hidden.jpg", library / "link" / "x.jpg", library / "gone.jpg"]
    for source in (library, library / "**", library / "**" / "*.jpg"):
        absence = Absence(Devices(settings), walked([str(source)]))
        doubt = absence.doubt(str(library / "back.jpg"))
        assert doubt is not None and "come back" in doubt.why
        assert [path for path in left_out if absence.doubt(str(path))] == []
    following = walked([str(library)], WalkOptions(follow_links=True, exclude=("back.jpg",)))
    absence = Absence(Devices(settings), following)
    assert absence.doubt(str(library / "link" / "x.jpg")) and not absence.doubt(str(library / "back.jpg"))
    # A list that is complete for a folder says which images of it are wanted.
    assert Absence(Devices(settings), walked(["-"])).doubt(str(library / "back.jpg")) is None


def test_a_link_that_leads_nowhere_may_be_to_an_absent_disk(settings: Settings, library: Path) -> None:
    (library / "nas").symlink_to(library / "media" / "disk")
    assert why(settings, library / "nas" / "2019" / "x.jpg") == f"{library}/nas is a link that leads nowhere"


def test_a_folder_that_cannot_be_read_may_hold_its_images(settings: Settings) -> None:
    with tempfile.TemporaryDirectory() as name, unprivileged(name):
        closed = write(Path(name) / "library", "a.jpg", "closed/deep/b.jpg") / "closed"
        for mode, named in ((0, "cannot be"), (0o100, "cannot be listed")):
            closed.chmod(mode)
            assert named in why(settings, closed / "x.jpg")
        closed.chmod(0)
        assert "cannot be read" in why(settings, closed / "deep" / "b.jpg")
        closed.chmod(0o700)


def test_a_folder_on_another_device_than_before_may_hold_other_images(settings: Settings, library: Path) -> None:
    write(library, "nas/stray.jpg")
    Devices(settings).add([str(library), str(library / "nas")])
    gone = library / "nas" / "x.jpg"
    assert why(settings, gone) == ""
    [record] = (settings.home / "devices").iterdir()
    assert record.stat().st_mode & 0o077 == 0
    former = json.loads(record.read_text()) | {str(library / "nas"): "nfs4 nas:/photos"}
    record.write_text(json.dumps(former))
    assert why(settings, gone) == f"{library}/nas is on another device than when its images were found"
    assert why(settings, library / "local" / "x.jpg") == "" == why(settings, gone, accepts_devices=True)
    # An ingest that finds other images there changes nothing, and neither does a sync that doubts.
    Devices(settings).add([str(library), str(library / "nas")])
    Devices(settings).replace([str(library), str(library / "nas")], [str(library / "nas")])
    assert "another device" in why(settings, gone)
    # Without its mount point the disk is absent as well.
    (library / "nas").rename(library / "moved")
    assert f"{library}/nas is on another device" in why(settings, gone)
    Devices(settings).replace([str(library)], [])
    assert why(settings, gone) == ""


def test_a_damaged_record_of_devices_is_none(settings: Settings, library: Path) -> None:
    Devices(settings).add([str(library)])
    [record] = (settings.home / "devices").iterdir()
    for content in ("", "{", "[1]", "\0"):
        record.write_text(content)
        assert why(settings, library / "local" / "x.jpg") == ""
    Devices(settings).add([str(library)])
    assert json.loads(record.read_text()) == {str(library): identity(str(library))}


def test_a_mount_that_is_gone_is_another_device(settings: Settings, library: Path) -> None:
    """With a real mount, where this user may make one."""
    write(library, "nas/stray.jpg")
    code = """
import subprocess, sys
from lookalike.settings import read_settings
from lookalike_producer.absence import Absence
from lookalike_producer.devices import Devices
from lookalike_producer.sources import find_images
home, library = sys.argv[1:]
settings = read_settings(home=home)
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", library + "/nas"], check=True)
open(library + "/nas/x.jpg", "w").close()
found = list(find_images([library], on_mounts=Devices(settings).add))
before = Absence(Devices(settings)).doubt(library + "/nas/y.jpg")
subprocess.run(["umount", library + "/nas"], check=True)
print(len(found), before, Absence(Devices(settings)).doubt(library + "/nas/x.jpg").why)
"""
    ran = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", code]
    if subprocess.run([*ran[:4], "mount", "-t", "tmpfs", "tmpfs", str(library / "local")], check=False).returncode:
        pytest.skip("this user may not mount")
    done = subprocess.run([*ran, settings.home, library], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=2) == ["3", "None", "is on another device than when its images were found\n"]


@pytest.mark.parametrize(
    ("documents", "most"), [(1, 0), (2, 1), (6, 3), (22, 10), (100, 10), (1000, 100), (1_000_000, 100_000)]
)
def test_a_large_deletion_is_a_share(documents: int, most: int) -> None:
    assert not Deletion(documents, most).is_large
    assert Deletion(documents, most + 1).is_large


def test_a_deletion_is_planned_without_memory_for_each_document(settings: Settings, library: Path) -> None:
    (library / "nas").mkdir()
    diff = Diff(deletes=True)
    names = [*(f"{library}/local/{n}.png" for n in range(30)), *(f"{library}/nas/{n}/x.jpg" for n in range(30))]
    diff.collect(Finding(SyncStatus.ORPHANED, f"id {name}", name) for name in names)
    diff.collect([Finding(SyncStatus.PRESENT, "id", f"{library}/local/a.jpg")])
    absence = Absence(Devices(settings))
    deletion = planned(diff, absence)
    assert (deletion.documents, deletion.count, deletion.kept, len(deletion.examples)) == (61, 30, 30, NAMED)
    assert [(doubt.folder, count) for doubt, count in deletion.doubts.items()] == [(f"{library}/nas", 30)]
    assert [len(some) for some in unquestioned(diff, absence, 20)] == [20, 10]
    diff.close()


def test_a_member_that_is_gone_is_no_file_that_is_called_so(settings: Settings, library: Path) -> None:
    """Before such files had uris of their own, their documents had those of members."""
    path = write(library, "t.tar", "t.tar#1.jpg") / "t.tar#1.jpg"
    absence = Absence(Devices(settings), walked([str(library)]))
    assert absence.doubt(str(path)) is None
    assert absence.doubt(local_uri(path)) is not None, "the file itself has come back"


def test_a_host_or_a_bucket_without_any_image_may_have_moved(settings: Settings) -> None:
    absence = Absence(Devices(settings), hosts={"https://a.example", "s3://full"})
    assert absence.doubt("https://a.example/x.jpg") is None and absence.doubt("s3://full/x.jpg") is None
    for uri in ("https://b.example/x.jpg", "s3://emptied/x.jpg", "https://b.example/x.tar#y.jpg"):
        doubt = absence.doubt(uri)
        assert doubt is not None and doubt.is_acceptable and uri.startswith(doubt.folder)
        assert Absence(Devices(settings), accepts_devices=True).doubt(uri) is None


def test_a_comparison_tells_which_hosts_have_images() -> None:
    with closing(Diff(deletes=True)) as diff:
        diff.collect(
            Finding(status, "id", f"https://{status}.example/x.jpg") for status in SyncStatus if status != "missing"
        )
        assert diff.hosts == {f"https://{status}.example" for status in ("present", "stale", "wrong_model")}
