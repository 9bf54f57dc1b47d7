"""`verify` and `sync` for every kind of source in one command: what has changed in each, and nothing else."""

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lookalike.samples import draw_samples
from testing.archives import write_tar, write_zip
from testing.processes import LOOKALIKE, TIMEOUT_S, answer
from testing.services.web import WebServer
from tests.cli.conftest import one_index
from tests.cli.inprocess import lookalike


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("sample")
    draw_samples(folder, per_class=2)
    return [path.read_bytes() for path in sorted(folder.rglob("*.*")) if path.is_file()]


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
        differs = run("verify", code=1)
        assert (differs["stale"], differs["present"]) == (8, 7)
        second = run("sync", "--delete")
        assert (second["indexed"], second["annotated"], second["deleted"]) == (8, 1, 0)
        assert run("verify")["present"] == 15
        (tmp_path / "folder" / "1.jpg").unlink()
        write_tar(tmp_path / "a.tar", {"x/1.jpg": drawn[12]})
        gone = run("sync", "--delete")
        assert (gone["deleted"], gone["indexed"]) == (2, 0)
        assert run("verify")["present"] == 13


@one_index
def test_standard_input_is_compared_and_brought_in_step(
    environment: dict[str, str], tmp_path: Path, drawn: list[bytes]
) -> None:
    def run(command: str, text: str, code: int = 0) -> dict[str, Any]:
        done = subprocess.run(
            [*LOOKALIKE, command, "-", "--json"],
            input=text,
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
        counts: dict[str, Any] = json.loads(done.stdout)
        return counts

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
