"""The processes of a handle end with it: closed, interrupted, killed or dropped."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import lookalike
from lookalike.embedded.owned import WORKER_GRACE_S
from lookalike.errors import Closed, IndexMissing
from lookalike.image_index.progress import progress
from lookalike.ledger import JobState
from testing.processes import ROOT, TIMEOUT_S, await_true, processes
from tests.browser.stage import LABELS
from tests.image_index.conftest import jobs_done, many_images
from tests.slow import slow

MANY = 120
SLOW = slow(0.05)
#: A program of a user's; the handle is closed by the `with` statement.
INGEST = """
import sys, lookalike
with lookalike.open(home=sys.argv[1], concurrency=1, chunk_size=4) as images:
    print(images.ingest(sys.argv[2], progress=False))
"""
#: A program that does not close its handle.
FORGET = """
import sys, lookalike
images = lookalike.open(home=sys.argv[1], concurrency=1)
print(images.ingest(sys.argv[2], progress=False))
"""
#: A program that forks while its stack runs, as multiprocessing does; it closes the handle when it is told to.
FORK = """
import os, signal, sys, time, lookalike
images = lookalike.open(home=sys.argv[1], concurrency=2)
images.ingest(sys.argv[2], progress=False)
if not (child := os.fork()):
    signal.pause()
print(child, flush=True)
sys.stdin.readline()
began = time.monotonic()
images.close()
print(time.monotonic() - began, flush=True)
# A new stack under the same home.
again = lookalike.open(home=sys.argv[1], concurrency=1)
print(again.ingest(sys.argv[2], progress=False), flush=True)
"""
#: A program whose forked child reads the ledger; then the parent continues. LanceDB itself does not support a fork.
FORK_AND_USE = """
import os, sys, lookalike
with lookalike.open(home=sys.argv[1], concurrency=1) as images:
    images.ingest(sys.argv[2], progress=False)
    if not (child := os.fork()):
        print("child:", len(images.jobs()), flush=True)
        images.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    print("parent:", images.ingest(sys.argv[2], progress=False))
"""


@pytest.fixture
def many(tmp_path: Path, drawn: tuple[Path, Path]) -> Path:
    """More images than can be processed at the same time."""
    return many_images(drawn[0], tmp_path / "many", MANY)


@contextmanager
def running(
    code: str, *arguments: object, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, cwd=ROOT, env={**os.environ, **environment}, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_a_stopped_ingest_leaves_no_process_and_can_be_continued(
    embedded: dict[str, Any], many: Path, number: signal.Signals
) -> None:
    home = embedded["home"]
    with running(INGEST, home, many, environment=SLOW) as process:
        await_true(lambda: jobs_done(home) or process.poll() is not None)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode in (-number, 128 + number)
    assert ("KeyboardInterrupt" in stderr) == (number is signal.SIGINT)
    await_true(lambda: processes(home) == {})
    with lookalike.open(**embedded) as images:
        (job,) = images.jobs()
        assert job.state is JobState.INTERRUPTED and job.found == job.done + job.not_done and job.not_done > 0
    if number is signal.SIGINT:
        with lookalike.open(**embedded) as images:
            assert 0 < images.count() == job.indexed < MANY
            report = images.ingest(many, progress=False)
            assert report.found == report.indexed + report.unchanged == MANY and report.unchanged > 0
            assert images.count() == MANY


def test_a_handle_that_is_forgotten_ends_with_the_interpreter(
    embedded: dict[str, Any], drawn: tuple[Path, Path]
) -> None:
    with running(FORGET, embedded["home"], drawn[0] / LABELS[0]) as process:
        stdout, stderr = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0 and "found" in stdout and "Traceback" not in stderr
    assert processes(embedded["home"]) == {}


@contextmanager
def forked(home: Path, sources: Path) -> Iterator[subprocess.Popen[str]]:
    """The program FORK, whose child lives until the end of the block."""
    with running(FORK, home, sources) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            yield process
            assert Path(f"/proc/{child}").exists()
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_closed_handle_leaves_no_process_while_a_forked_child_lives(
    embedded: dict[str, Any], drawn: tuple[Path, Path]
) -> None:
    with forked(embedded["home"], drawn[0] / LABELS[0]) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("close\n")
        process.stdin.flush()
        assert float(process.stdout.readline()) < WORKER_GRACE_S
        assert "found" in process.stdout.readline()
        process.wait(TIMEOUT_S)
        assert process.returncode == 0
        await_true(lambda: processes(embedded["home"]) == {})


def test_a_killed_program_leaves_no_process_while_its_forked_child_lives(
    embedded: dict[str, Any], drawn: tuple[Path, Path]
) -> None:
    with forked(embedded["home"], drawn[0] / LABELS[0]) as process:
        assert processes(embedded["home"])
        process.kill()
        await_true(lambda: processes(embedded["home"]) == {})


def test_a_forked_child_can_use_the_stack_of_its_parent(embedded: dict[str, Any], drawn: tuple[Path, Path]) -> None:
    with running(FORK_AND_USE, embedded["home"], drawn[0] / LABELS[0]) as process:
        stdout, stderr = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, stderr
    assert "child: 1" in stdout and "parent:" in stdout
    assert processes(embedded["home"]) == {}


def test_an_ingest_ends_with_one_sentence_when_another_thread_closes_the_handle(
    embedded: dict[str, Any], many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SLOW.items():
        monkeypatch.setenv(name, value)
    images = lookalike.open(**embedded, chunk_size=4)
    with ThreadPoolExecutor() as threads:
        ingest = threads.submit(images.ingest, many, progress=False)
        await_true(lambda: jobs_done(embedded["home"]) or ingest.done())
        images.close()
        with pytest.raises(Closed, match=r"^The handle on index images is closed\.\n.*$") as raised:
            ingest.result(TIMEOUT_S)
    assert raised.value.__suppress_context__, "the log of the broker is no news"
    assert processes(embedded["home"]) == {}


def test_a_handle_that_is_closed_while_its_stack_starts_leaves_no_process(
    embedded: dict[str, Any], drawn: tuple[Path, Path]
) -> None:
    images = lookalike.open(**embedded)
    with ThreadPoolExecutor() as threads:
        ingest = threads.submit(images.ingest, drawn[0], progress=False)
        await_true(lambda: processes(embedded["home"]) or ingest.done())
        images.close()
        with pytest.raises(Closed):
            ingest.result(TIMEOUT_S)
    assert processes(embedded["home"]) == {}


def test_two_handles_share_one_worker_and_the_last_one_ends_it(
    embedded: dict[str, Any], drawn: tuple[Path, Path]
) -> None:
    home = embedded["home"]
    first, second = lookalike.open("first", **embedded), lookalike.open("second", **embedded)
    # Read the ledger only: no worker is needed for that.
    first.jobs()
    assert not any("lookalike_worker" in line for line in processes(home).values())
    first.ingest(drawn[0] / LABELS[0], progress=False)
    running_now = processes(home)
    second.ingest(drawn[0] / LABELS[1], progress=False)
    assert processes(home) == running_now
    first.close()
    assert processes(home) == running_now
    # A handle that nothing refers to any more is closed.
    del second
    gc.collect()
    assert processes(home) == {}


def test_a_search_starts_no_process(embedded: dict[str, Any]) -> None:
    with lookalike.open(**embedded) as images:
        with pytest.raises(IndexMissing):
            images.search(id="x")
        assert processes(embedded["home"]) == {}


def test_settings_given_in_python_reach_the_worker(embedded: dict[str, Any], drawn: tuple[Path, Path]) -> None:
    with lookalike.open(**embedded, max_image_bytes=100) as images:
        report = images.ingest(drawn[0] / LABELS[1], progress=False)
    assert report.reasons == {"too_large": report.found}


def test_importing_lookalike_imports_little() -> None:
    heavy = {"numpy", "pydantic", "redis", "celery", "PIL", "rich", "lancedb", "pyarrow", "openvino", "keras"}
    code = f"import sys, lookalike; assert 'open' in dir(lookalike); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_the_public_names_exist() -> None:
    code = "import lookalike; assert all(hasattr(lookalike, name) for name in lookalike.__all__)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    with pytest.raises(AttributeError, match="clsoe"):
        lookalike.clsoe  # type: ignore[attr-defined]  # noqa: B018


def test_progress_goes_to_standard_error_or_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    for is_shown in (True, False):
        with progress(lambda: 3, is_shown=is_shown) as shown:
            shown.note("Preparing the model [once] ...")
    assert capfd.readouterr() == ("", "Preparing the model [once] ...\n")
