"""Reading files: real files of every kind, in temporary folders."""

import errno
import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lookalike.errors import ImageRejected, MachineExhausted, SourceUnavailable
from lookalike.records import FileTimes, Reason, Span, document_id
from lookalike.storage import Storage, local_path, local_uri

LIMIT_BYTES = 1000
NOBODY = 65534


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    root = tmp_path / "root"
    root.mkdir()
    return Storage((root,), LIMIT_BYTES)


@pytest.fixture
def root(storage: Storage) -> Path:
    return storage.roots[0]


def reason_for(storage: Storage, uri: str | Path) -> Reason:
    with pytest.raises(ImageRejected) as caught:
        storage.read(str(uri))
    assert caught.value.detail
    return caught.value.reason


@contextmanager
def one_who_may_not_read_everything() -> Iterator[None]:
    """Run as another user, because root may read everything."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(mine)


def test_a_file_is_read_whole(storage: Storage, root: Path) -> None:
    (root / "a.jpg").write_bytes(b"x" * LIMIT_BYTES)
    assert storage.read(local_uri(root / "a.jpg")) == b"x" * LIMIT_BYTES


def test_the_default_root_contains_every_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"content")
    storage = Storage((Path("/"),), LIMIT_BYTES)
    assert storage.read(f"{tmp_path}/a.jpg") == b"content"
    assert storage.read(f"//{tmp_path}/a.jpg") == b"content"


def test_a_missing_file_is_not_found(storage: Storage, root: Path) -> None:
    (root / "a.jpg").write_bytes(b"content")
    assert reason_for(storage, root / "missing.jpg") is Reason.NOT_FOUND
    assert reason_for(storage, root / "a.jpg" / "inside.jpg") is Reason.NOT_FOUND


def test_an_empty_file_is_rejected(storage: Storage, root: Path) -> None:
    (root / "a.jpg").touch()
    assert reason_for(storage, root / "a.jpg") is Reason.EMPTY


def test_a_file_over_the_limit_is_rejected_without_reading_it(storage: Storage, root: Path) -> None:
    (root / "a.jpg").write_bytes(b"x" * (LIMIT_BYTES + 1))
    assert reason_for(storage, root / "a.jpg") is Reason.TOO_LARGE
    with open(root / "sparse.jpg", "wb") as file:
        file.truncate(1 << 40)
    assert reason_for(storage, root / "sparse.jpg") is Reason.TOO_LARGE


@pytest.mark.timeout(10)
def test_a_special_file_is_rejected_without_waiting(
    storage: Storage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "folder.jpg").mkdir()
    os.mkfifo(root / "fifo.jpg")
    # A socket's address is short; a temporary folder's path may not be.
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.jpg")
    for name in ("folder.jpg", "fifo.jpg", "socket.jpg"):
        assert reason_for(storage, root / name) is Reason.NOT_REGULAR
    assert reason_for(storage, root) is Reason.NOT_REGULAR
    assert reason_for(Storage((Path("/"),), LIMIT_BYTES), "/dev/zero") is Reason.NOT_REGULAR


def test_a_file_without_permission_is_unreadable(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("shut")
    (folder / "a.jpg").write_bytes(b"content")
    (folder / "a.jpg").chmod(0)
    storage = Storage((folder,), LIMIT_BYTES)
    with one_who_may_not_read_everything():
        assert reason_for(storage, folder / "a.jpg") is Reason.UNREADABLE


def test_a_path_outside_the_roots_is_rejected(storage: Storage, root: Path) -> None:
    secret = root.parent / "secret.jpg"
    secret.write_bytes(b"secret")
    sibling = root.parent / "root-and-more"
    sibling.mkdir()
    (sibling / "a.jpg").write_bytes(b"secret")
    for path in (secret, f"{root}/../secret.jpg", sibling / "a.jpg", "secret.jpg", "", f"{root}/a\0.jpg"):
        assert reason_for(storage, path) is Reason.OUTSIDE_ROOT


def test_symlinks_are_followed_inside_the_roots_only(storage: Storage, root: Path) -> None:
    (root.parent / "secret.jpg").write_bytes(b"secret")
    (root / "a.jpg").write_bytes(b"content")
    (root / "inside.jpg").symlink_to("a.jpg")
    (root / "outside.jpg").symlink_to(root.parent / "secret.jpg")
    (root / "folder").symlink_to(root.parent)
    (root / "loop.jpg").symlink_to("loop.jpg")
    (root / "dangling.jpg").symlink_to("gone.jpg")
    assert storage.read(str(root / "inside.jpg")) == b"content"
    assert reason_for(storage, root / "outside.jpg") is Reason.OUTSIDE_ROOT
    assert reason_for(storage, root / "folder" / "secret.jpg") is Reason.OUTSIDE_ROOT
    assert reason_for(storage, root / "loop.jpg") is Reason.UNREADABLE
    assert reason_for(storage, root / "dangling.jpg") is Reason.NOT_FOUND


def test_a_root_may_itself_be_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").write_bytes(b"content")
    (tmp_path / "link").symlink_to("real")
    storage = Storage((tmp_path / "link",), LIMIT_BYTES)
    assert storage.read(str(tmp_path / "link" / "a.jpg")) == b"content"
    assert storage.read(str(tmp_path / "real" / "a.jpg")) == b"content"


@pytest.mark.parametrize("swapped", ["folder", "folder/a.jpg"])
def test_a_symlink_swapped_in_while_reading_never_leads_out(storage: Storage, root: Path, swapped: str) -> None:
    outside = root.parent / "outside"
    for folder, content in ((outside, b"secret"), (root / "folder", b"content")):
        folder.mkdir()
        (folder / "a.jpg").write_bytes(content)
    place = root / swapped
    (root.parent / "link").symlink_to(outside if swapped == "folder" else outside / "a.jpg")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            place.rename(root.parent / "away")
            (root.parent / "link").rename(place)
            place.rename(root.parent / "link")
            (root.parent / "away").rename(place)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = set()
    try:
        for _ in range(3000):
            try:
                seen.add(storage.read(str(root / "folder" / "a.jpg")))
            except ImageRejected as rejected:
                seen.add(rejected.reason.encode())
    finally:
        done.set()
        swapper.join()
    assert b"secret" not in seen
    assert seen <= {b"content", b"outside_root", b"not_found", b"changed"}
    assert b"content" in seen


def test_a_file_that_never_stops_changing_is_rejected(tmp_path: Path) -> None:
    image = tmp_path / "a.jpg"
    image.write_bytes(b"content")

    class Restless(Storage):
        """Changes the time of the file after each stat call, as somebody does who goes on writing."""

        looks = 0

        def _check(self, status: os.stat_result, limit: float) -> None:
            super()._check(status, limit)
            self.looks += 1
            os.utime(image, ns=(self.looks, self.looks))

    assert reason_for(Restless((tmp_path,), LIMIT_BYTES), image) is Reason.CHANGED


def test_a_file_that_changed_once_is_read_again(tmp_path: Path) -> None:
    image = tmp_path / "a.jpg"
    image.write_bytes(b"old")

    class Interrupted(Storage):
        """Replaces the content after the first stat call, as a running copy does."""

        looks = 0

        def _check(self, status: os.stat_result, limit: float) -> None:
            super()._check(status, limit)
            self.looks += 1
            # The second stat call is for the open file.
            if self.looks == 2:
                image.write_bytes(b"new and longer")

    storage = Interrupted((tmp_path,), LIMIT_BYTES)
    assert storage.read(str(image)) == b"new and longer"
    assert storage.looks == 4


def test_a_missing_root_is_source_unavailable(storage: Storage, root: Path) -> None:
    root.rmdir()
    with pytest.raises(SourceUnavailable, match="missing"):
        storage.read(str(root / "a.jpg"))


def test_too_many_open_files_are_a_fault_of_the_machine(storage: Storage, root: Path) -> None:
    (root / "a.jpg").write_bytes(b"content")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(MachineExhausted):
            storage.read(str(root / "a.jpg"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert storage.read(str(root / "a.jpg")) == b"content"


@pytest.mark.parametrize(
    "number, expected",
    [
        (errno.ESTALE, SourceUnavailable),
        (errno.ETIMEDOUT, SourceUnavailable),
        (errno.EHOSTDOWN, SourceUnavailable),
        (errno.EACCES, ImageRejected),
        (errno.EINVAL, ImageRejected),
    ],
)
def test_errors_of_the_mount_and_of_the_file_are_distinguished(storage: Storage, number: int, expected: type) -> None:
    class Failing(Storage):
        """Fails like a broken mount, which cannot be created here."""

        def _read(self, path: str, span: Span | None) -> tuple[bytes, FileTimes]:
            raise OSError(number, os.strerror(number), path)

    with pytest.raises(expected, match=os.strerror(number)):
        Failing(storage.roots, LIMIT_BYTES).read(str(storage.roots[0] / "a.jpg"))


def test_a_read_error_in_a_folder_that_answers_concerns_the_file(storage: Storage, root: Path) -> None:
    class Failing(Storage):
        """Fails like a disk with a bad sector."""

        def _read(self, path: str, span: Span | None) -> tuple[bytes, FileTimes]:
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    failing = Failing(storage.roots, LIMIT_BYTES)
    assert reason_for(failing, str(root / "a.jpg")) is Reason.UNREADABLE
    with pytest.raises(SourceUnavailable):
        failing.read(str(root / "gone" / "a.jpg"))


@pytest.mark.parametrize("uri", ["http://host/a.jpg", "s3://bucket/a.jpg", "HTTPS://user:secret@host/a.jpg"])
def test_other_schemes_are_unsupported_and_their_secrets_stay_hidden(storage: Storage, uri: str) -> None:
    with pytest.raises(ImageRejected) as caught:
        storage.read(uri)
    assert caught.value.reason is Reason.UNSUPPORTED
    assert uri.split(":")[0] in caught.value.detail
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3000 + "b", "\ud800", "100%41.jpg", "a\nb.jpg"])
def test_odd_names_of_missing_files_are_not_found(storage: Storage, root: Path, name: str) -> None:
    assert reason_for(storage, f"{root}/{name}") is Reason.NOT_FOUND


@pytest.mark.parametrize(
    "name", [b"plain.jpg", "größe ü.jpg".encode(), b"100%41 #?.jpg", b"a\nb.jpg", b"\xff\xfe%\xe9.jpg", b"file:"]
)
def test_every_name_of_a_file_survives_its_uri(storage: Storage, root: Path, name: bytes) -> None:
    path = os.fsdecode(os.fsencode(root) + b"/" + name)
    try:
        Path(path).write_bytes(b"content")
    except OSError:
        pytest.skip("this file system takes no such name")
    uri = local_uri(path)
    assert local_path(uri) == path
    assert len(document_id(uri)) == 40
    assert uri.startswith("file:///") is (b"\xff" in name)
    assert storage.read(uri) == b"content"


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert local_uri("a.jpg") == os.path.join(os.getcwd(), "a.jpg")


@pytest.mark.parametrize("kind", ["there", "gone", "below a file", "a folder", "a long name", "a ring", "a FIFO"])
@pytest.mark.parametrize("is_linked", [False, True])
def test_nobody_learns_what_exists_outside_the_roots(storage: Storage, root: Path, kind: str, is_linked: bool) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "there").write_bytes(b"content")
    (outside / "a ring").symlink_to("a ring")
    (outside / "a folder").mkdir()
    os.mkfifo(outside / "a FIFO")
    (root / "link").symlink_to(outside)
    name = {"below a file": "there/below", "a long name": "x" * 300}.get(kind, kind)
    for ask in (storage.read, storage.times):
        with pytest.raises(ImageRejected) as rejected:
            ask(str((root / "link" if is_linked else outside) / name))
        assert str(rejected.value) == f"outside_root: it is not under any of: {root} (LOOKALIKE_ROOTS)"
    (root / "link to a file").symlink_to(outside / name)
    for path in ((root / "link" if is_linked else outside) / name, root / "link to a file"):
        assert storage.look(str(path)) is None


def test_the_times_of_a_file_are_those_of_what_is_read(storage: Storage, root: Path) -> None:
    path = root / "a.jpg"
    path.write_bytes(b"content")
    times = storage.times(local_uri(path))
    assert (times.size_bytes, times.modified_ns) == (7, path.stat().st_mtime_ns)
    path.unlink()
    with pytest.raises(ImageRejected, match="not_found"):
        storage.times(local_uri(path))


def test_workers_that_read_no_files_say_so(root: Path) -> None:
    with pytest.raises(ImageRejected, match="names no folder") as rejected:
        Storage(roots=[], max_bytes=100).read(str(root / "a.jpg"))
    assert rejected.value.reason is Reason.OUTSIDE_ROOT
