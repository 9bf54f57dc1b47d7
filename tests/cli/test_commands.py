"""Wrong usage gives a short message: the value, what it means and what to do; never a traceback."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.samples import draw_samples
from testing import processes
from testing.processes import answer, make_home
from testing.services.ports import free_port
from testing.services.redis import RedisServer
from tests.cli.inprocess import lookalike

ABSENT = f"127.0.0.1:{free_port()}"

#: Arguments, environment, exit code, and what stderr must name.
WRONG: dict[str, tuple[list[str], dict[str, str], int, list[str]]] = {
    "missing source": (["ingest", "/no/such/folder"], {}, 1, ["/no/such/folder", "folder, a glob"]),
    "no source": (["ingest"], {}, 2, ["Missing argument"]),
    "unknown command": (["bogus"], {}, 2, ["bogus"]),
    "command of a group": (["export", "x.csv"], {}, 2, ["`lookalike failed export` or `lookalike index export`?"]),
    "command of another group": (["failed", "promote"], {}, 2, ["Did you mean `lookalike index promote`?"]),
    "name of the index first": (
        *(["index", "export", "photos", "out.csv"], {}, 2),
        ["takes 1 argument, FILE; it got 'photos' and 'out.csv'. --index names an index."],
    ),
    "name of an index behind": (["list", "photos"], {}, 2, ["takes no argument; it got 'photos'. --index names"]),
    "misspelt command": (["serch"], {}, 2, ["No such command 'serch'", "Did you mean 'search'?"]),
    "unknown model": (["ingest", ".", "--model", "resnet5"], {}, 2, ["resnet5", "resnet50"]),
    "file without preprocessing": (["ingest", ".", "--model", "no.keras"], {}, 1, ["no.keras"]),
    "bad setting": (["status"], {"LOOKALIKE_CHUNK_SIZE": "x"}, 2, ["LOOKALIKE_CHUNK_SIZE"]),
    "list that is not JSON": (["status"], {"LOOKALIKE_ROOTS": "/images"}, 2, ["ROOTS", '=\'["/images", ']),
    "bad port of the broker": (["status"], {"LOOKALIKE_BROKER_URL": "redis://:secret@h:x"}, 2, ["BROKER_URL"]),
    "bad name of an index": (["ingest", ".", "--index", "Images"], {}, 2, ["index = 'Images'", "lower-case", "option"]),
    "bad label": (["ingest", ".", "--label-from", "colour"], {}, 2, ["colour"]),
    "broker away": (["ingest", "."], {"LOOKALIKE_BROKER_URL": f"redis://:secret@{ABSENT}"}, 75, [ABSENT, "BROKER_URL"]),
    "broker of another kind": (["ingest", "."], {"LOOKALIKE_BROKER_URL": "amqp://x"}, 2, ["amqp"]),
    "index away": (["ingest", "."], {"LOOKALIKE_INDEX_URL": f"http://u:secret@{ABSENT}"}, 75, [ABSENT, "INDEX_URL"]),
    "search, index away": (["search", "README.md"], {"LOOKALIKE_INDEX_URL": f"http://{ABSENT}"}, 1, ["README.md"]),
    "index of another kind": (["index", "list"], {"LOOKALIKE_INDEX_URL": "ftp://x"}, 2, ["ftp"]),
    "detached alone": (["ingest", ".", "--detach"], {}, 2, ["lookalike up"]),
    "nothing to search for": (["search"], {}, 2, ["IMAGE"]),
    "two things to search for": (["search", "a.jpg", "--id", "x"], {}, 2, ["IMAGE"]),
    "missing image": (["search", "gone.jpg"], {}, 1, ["gone.jpg", "no such file"]),
    "not an image": (["search", "README.md"], {}, 1, ["README.md", "unsupported"]),
    "address as an image": (["search", "s3://shop/a.jpg"], {}, 1, ["s3://shop/a.jpg cannot be read", "--uri"]),
    "misspelt reason": (["failed", "list", "--reason", "host_unavailabel"], {}, 2, ["Did you mean host_unavailable?"]),
    "bad filter": (["search", "a.jpg", "--filter", "size"], {}, 2, ["size", "year>=2020"]),
    "two labels": (["search", "a.jpg", "--filter", "label=a", "--filter", "name=b"], {}, 2, ["label=a,b"]),
    "unknown stored image": (["search", "--id", "abc"], {}, 1, ["index"]),
    "unknown job": (["status", "no-such-job"], {}, 1, ["no-such-job"]),
    "missing index": (["index", "delete", "gone", "--yes"], {}, 1, ["gone"]),
    "home that is not a folder": (["ingest", "."], {"LOOKALIKE_HOME": "/dev/null/home"}, 1, ["/dev/null/home"]),
    "worker without a broker": (["worker"], {}, 2, ["LOOKALIKE_BROKER_URL"]),
    "ingest without its roots": (
        ["ingest", "."],
        {"LOOKALIKE_ROOTS": '["/no/such"]'},
        2,
        ["/no/such", "LOOKALIKE_ROOTS"],
    ),
    "worker without its roots": (
        ["worker"],
        {"LOOKALIKE_BROKER_URL": f"redis://{ABSENT}", "LOOKALIKE_ROOTS": '["/no/such"]'},
        2,
        ["/no/such", "LOOKALIKE_ROOTS"],
    ),
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(tmp_path / "home")}


#: Cases that run as real processes: one for each exit code, and the command that replaces its process.
IN_A_PROCESS = {"missing source", "unknown command", "worker without a broker", "worker without its roots"}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_gives_a_short_message(case: str, environment: dict[str, str]) -> None:
    arguments, variables, code, named = WRONG[case]
    run = processes.lookalike if case in IN_A_PROCESS else lookalike
    done = run({**environment, **variables}, *arguments, code=code)
    assert [text for text in named if text not in done.stderr] == []
    assert "secret" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3 and not done.stdout


def test_a_wrong_password_has_its_own_message(environment: dict[str, str]) -> None:
    with RedisServer(password="right") as server:
        url = server.url.replace("right", "wrong")
        done = lookalike({**environment, "LOOKALIKE_BROKER_URL": url}, "ingest", ".", code=1)
    assert "rejected the credentials" in done.stderr and "wrong" not in done.stderr


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_stops_the_job_with_a_message(
    environment: dict[str, str], tiny_disk: Path, tmp_path: Path, model_home: Path
) -> None:
    make_home(tmp_path, model_home)
    draw_samples(tmp_path / "images", per_class=2)
    (tiny_disk / "index").mkdir()
    lookalike(environment, "ingest", tmp_path / "images" / "bricks")
    full = {**environment, "LOOKALIKE_INDEX_URL": f"lancedb://{tiny_disk / 'index'}"}
    one = next((tmp_path / "images" / "rings").iterdir())
    lookalike(full, "ingest", one)
    with contextlib.suppress(OSError), (tiny_disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"x" * 4096):
            pass
    done = lookalike(full, "ingest", tmp_path / "images", code=1)
    assert str(tiny_disk) in done.stderr and "No space left" in done.stderr


def test_an_empty_folder_is_not_an_error(environment: dict[str, str], tmp_path: Path, model_home: Path) -> None:
    make_home(tmp_path, model_home)
    (tmp_path / "empty").mkdir()
    summary = answer(lookalike(environment, "ingest", tmp_path / "empty", "--json"))
    assert (summary["found"], summary["indexed"]) == (0, 0)


def test_the_version_is_printed(environment: dict[str, str]) -> None:
    from lookalike import __version__

    assert lookalike(environment, "--version").stdout.strip() == f"lookalike {__version__}"


def test_every_command_has_help(environment: dict[str, str]) -> None:
    from lookalike_cli.main import COMMANDS

    for command in COMMANDS:
        assert "Usage" in lookalike(environment, command, "--help").stdout


@pytest.mark.parametrize(("command", "collects"), [(["search", "gone.jpg"], False), (["index", "list"], True)])
def test_only_a_command_that_ends_soon_collects_no_garbage(tmp_path: Path, command: list[str], collects: bool) -> None:
    program = (
        "import atexit, gc; from lookalike_cli.main import main;"
        " atexit.register(lambda: print('collects', gc.isenabled())); main()"
    )
    environment = {**os.environ, "LOOKALIKE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program, *command], env=environment, capture_output=True, text=True, timeout=60
    )
    assert f"collects {collects}" in done.stdout, done.stderr
