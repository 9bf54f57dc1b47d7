"""`verify` and `sync` for every kind of source in one command: what has changed in each, and nothing else."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lookalike import open as open_index
from lookalike_producer.finding import SyncStatus
from testing.archives import write_tar, write_zip
from testing.processes import answer
from testing.services.web import WebServer
from tests.cli.conftest import drawn_files, one_index
from tests.cli.inprocess import lookalike


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return drawn_files(tmp_path_factory.mktemp("sample"), per_class=2)


class Places:
    """Two images in each kind of place. `make` with another number changes the second one of each."""

    def __init__(self, folder: Path, web: WebServer, drawn: list[bytes]) -> None:
        self._folder = folder
        self._web = web
        self._drawn = drawn
        self.makers: dict[str, Callable[[bytes, bytes], str]] = {
            "folder": self._in_folder,
            "glob": self._by_glob,
            "list": self._in_list,
            "table": self._in_table,
            "tar": lambda first, second: str(write_tar(folder / "a.tar", {"x/1.jpg": first, "x/2.jpg": second})),
            "zip": lambda first, second: str(write_zip(folder / "b.zip", {"x/1.jpg": first, "x/2.jpg": second})),
            "image": lambda first, second: self._file("one.jpg", second),
            "web": lambda first, second: self._web.put("/one.jpg", second),
        }

    def make(self, version: int) -> list[str]:
        images = iter(self._drawn)
        made = []
        for make in self.makers.values():
            first, *second = next(images), next(images), next(images)
            made.append(make(first, second[version]))
        return made

    def _file(self, name: str, content: bytes) -> str:
        path = self._folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        # A file that is the same is not written: its times would change.
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
        return str(path)

    def _in_folder(self, first: bytes, second: bytes) -> str:
        self._file("folder/1.jpg", first)
        self._file("folder/deep/2.jpg", second)
        return str(self._folder / "folder")

    def _by_glob(self, first: bytes, second: bytes) -> str:
        self._file("some/1.jpg", first)
        self._file("some/2.jpg", second)
        self._file("some/2.png", b"no image, and not named")
        return str(self._folder / "some" / "*.jpg")

    def _in_list(self, first: bytes, second: bytes) -> str:
        images = [self._file("listed/1.jpg", first), self._web.put("/listed.jpg", second)]
        return self._file("list.txt", "\n".join(images).encode())

    def _in_table(self, first: bytes, second: bytes) -> str:
        """Only the year in the second row changes."""
        images = [self._file("rows/1.jpg", first), self._web.put("/row.jpg", first)]
        rows = [{"path": images[0], "year": 1}, {"path": images[1], "year": len(second)}]
        return self._file("t.jsonl", "\n".join(map(json.dumps, rows)).encode())


@one_index
def test_every_kind_of_source_is_compared_and_brought_in_step(
    environment: dict[str, str], tmp_path: Path, drawn: list[bytes]
) -> None:
    def run(command: str, *options: str, code: int = 0) -> dict[str, Any]:
        return answer(lookalike(environment, command, *sources, "--metadata", "all", *options, "--json", code=code))

    with WebServer() as web:
        # The command line may name a private host, but not for what a list names: it names the host itself as well.
        web.put("/robots.txt", b"User-agent: *\nAllow: /\n")
        places = Places(tmp_path, web, drawn)
        sources = [*places.make(0), web.put("/other.jpg", drawn[-1])]
        first = run("sync")
        assert (first["indexed"], first["rejected"], first["annotated"]) == (15, 0, 0)
        web.requests.clear()
        assert run("verify")["present"] == 15
        asked = Counter(request.method for request in web.requests if request.path != "/robots.txt")
        assert asked == {"HEAD": 4}, "verify downloads nothing"
        assert run("sync")["job"] is None
        places.make(1)
        differs = run("verify", code=3)
        assert (differs["stale"], differs["present"]) == (8, 7)
        web.requests.clear()
        second = run("sync", "--delete")
        assert Counter(path for path in web.paths() if path in ("/one.jpg", "/listed.jpg")) == {
            "/one.jpg": 1,
            "/listed.jpg": 1,
        }, "a changed image is downloaded once"
        assert (second["indexed"], second["annotated"], second["deleted"]) == (8, 1, 0)
        assert run("verify")["present"] == 15
        (tmp_path / "folder" / "1.jpg").unlink()
        write_tar(tmp_path / "a.tar", {"x/1.jpg": drawn[12]})
        gone = run("sync", "--delete")
        assert (gone["deleted"], gone["indexed"]) == (2, 0)
        assert run("verify")["present"] == 13


@one_index
def test_standard_input_is_compared_and_brought_in_step(
    environment: dict[str, str], tmp_path: Path, drawn: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: str, text: str, code: int = 0) -> dict[str, Any]:
        return answer(lookalike(environment, command, "-", "--json", code=code, stdin=text))

    monkeypatch.chdir(tmp_path)
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(drawn[number])
    names = "0.jpg\n1.jpg\n"
    assert run("sync", names)["indexed"] == 2
    assert run("verify", names)["present"] == 2
    # Lines of JSON tell the label and metadata, and say nothing of images that they do not name.
    rows = "\n".join(json.dumps({"path": f"{number}.jpg", "label": "cat"}) for number in (0, 2))
    synced = run("sync", f'{rows}\n{{"path"')
    assert (synced["indexed"], synced["annotated"], synced["deleted"], synced["rejected"]) == (2, 1, 0, 1)
    assert run("verify", rows)["present"] == 2
    for bad in (f"0.jpg\n{'x' * 9000}\n", '{"path": "0.jpg"}\n{"path": ""}\n'):
        assert run("sync", bad)["rejected"] == 1
        assert run("verify", bad)["rejected"] == 1 and run("sync", bad)["job"] is None
        mended = bad.replace("x" * 9000, "1.jpg").replace('""', '"2.jpg"')
        run("sync", mended)
        failed = answer(lookalike(environment, "failed", "list", "--json"))["failed"]
        assert not [item for item in failed if item["uri"].startswith("stdin")]


LONG = "x" * 9000


def refused_then_mended(folder: Path, image: bytes, *, is_mended: bool) -> list[str]:
    """Sources that each hold one thing that no worker is asked for, a row, a line or a member; or that do not."""
    row = "1.jpg,2" if is_mended else f"{LONG},1"
    files = {
        "1.jpg": image,
        "l.txt": b"1.jpg\n" if is_mended else f"1.jpg\n{LONG}\n".encode(),
        "t.csv": f"path,year:int\n1.jpg,1\n{row}\n".encode(),
        "t.jsonl": b'{"path": "1.jpg"}\n' + (b"" if is_mended else b'{"path": 7'),
        "year.csv": f"path,year\n1.jpg,1\n{'1.jpg,2' if is_mended else '1.jpg,new'}\n".encode(),
        "archives.txt": b"cut.tar\n",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    tables = folder / "tables"
    tables.mkdir(exist_ok=True)
    (tables / "0.csv").write_text(f"path\n{folder}/1.jpg\n")
    (tables / "1.csv").unlink(missing_ok=True)
    if not is_mended:
        (tables / "1.csv").write_text("path\nftp://h/1.jpg\n")
    members = {"1.jpg": image} | ({} if is_mended else {"inner.zip": b"PK"})
    write_tar(folder / "a.tar", members)
    write_zip(folder / "b.zip", members)
    cut = write_tar(folder / "cut.tar", {"1.jpg": image, "2.jpg": image})
    if not is_mended:
        cut.write_bytes(cut.read_bytes()[: len(image) + 1500])
    return [str(folder / name) for name in (*list(files)[1:], "tables", "a.tar", "b.zip")]


@one_index
def test_what_no_worker_was_asked_for_settles_and_is_forgotten_when_it_is_mended(
    environment: dict[str, str], tmp_path: Path, drawn: list[bytes]
) -> None:
    def run(command: str, source: str, *options: str, code: int = 0) -> dict[str, Any]:
        types = ["--metadata", "year:int"] if Path(source).name == "year.csv" else []
        return answer(lookalike(environment, command, source, *types, *options, "--json", code=code))

    def failed() -> set[str]:
        items = answer(lookalike(environment, "failed", "list", "--json"))["failed"]
        return {item["uri"].removeprefix(f"{tmp_path}/") for item in items if item["uri"].startswith(str(tmp_path))}

    for source in refused_then_mended(tmp_path, drawn[0], is_mended=False):
        assert run("sync", source, "--yes")["rejected"] >= 1, source
        assert run("verify", source)["rejected"] >= 1 and run("sync", source, "--yes")["job"] is None, source
    rows = {"l.txt#row=2", "t.csv#row=2", "t.jsonl#row=2", "year.csv#row=2", "tables/1.csv#row=1"}
    assert failed() == rows | {"a.tar#inner.zip", "b.zip#inner.zip", "cut.tar", "cut.tar#2.jpg"}
    for source in refused_then_mended(tmp_path, drawn[0], is_mended=True):
        run("sync", source, "--yes")
        assert run("verify", source)["rejected"] == 0, source
    assert failed() == set()


@one_index
def test_what_was_refused_of_an_object_in_python_settles_and_is_forgotten(
    environment: dict[str, str], tmp_path: Path, drawn: list[bytes]
) -> None:
    (tmp_path / "1.jpg").write_bytes(drawn[0])
    with open_index(environment["LOOKALIKE_INDEX"], home=environment["LOOKALIKE_HOME"]) as images:
        for bad in ({"path": LONG}, {"path": None}, 7):
            rows: list[Any] = [{"path": str(tmp_path / "1.jpg")}, bad]
            first = images.sync(rows, progress=False)
            assert first.counts[SyncStatus.UNREADABLE] == 1 and first.job is not None
            assert images.verify(rows).is_in_sync and images.sync(rows, progress=False).job is None
            assert [item.uri for item in images.rejected(first.job.job)] == ["python#row=2"]
            assert images.sync(rows[:1], progress=False).job is None
            assert images.verify(rows[:1]).is_in_sync and not list(images.rejected(first.job.job))
