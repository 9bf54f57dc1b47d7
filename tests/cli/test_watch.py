"""`sync --watch` follows a folder until somebody stops it."""

import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from testing.processes import TIMEOUT_S, answer, await_true, make_home, processes, started, stop
from testing.proxy import Proxy
from testing.services.opensearch import OpenSearchServer, left_as_found
from testing.services.s3 import Fault, S3Proxy, S3Server
from tests.cli.conftest import drawn_files, one_index
from tests.cli.inprocess import lookalike


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return drawn_files(tmp_path_factory.mktemp("sample"), per_class=1)


class Lines:
    """The rounds that a command prints, as they come."""

    def __init__(self, process: subprocess.Popen[str], *, reads_notes: bool = False) -> None:
        self.rounds: list[dict[str, Any]] = []
        self._process = process
        self.notes: list[str] = []
        reads = (self._read, self._read_notes) if reads_notes else (self._read,)
        self._threads = [threading.Thread(target=read, daemon=True) for read in reads]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.rounds.append(orjson.loads(line))

    def _read_notes(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self.notes.append(line.rstrip())

    def await_note(self, text: str) -> None:
        """The notes up to this one are read then."""

        def is_there() -> bool:
            assert self._process.poll() is None, "the command has ended"
            return any(text in note for note in self.notes)

        await_true(is_there)
        self.notes.clear()

    def stop(self) -> None:
        """Send SIGTERM, and read everything."""
        self._process.terminate()
        self._process.wait(TIMEOUT_S)
        for thread in self._threads:
            thread.join(TIMEOUT_S)

    def total(self, what: str) -> int:
        return sum(item[what] for item in self.rounds)

    def await_total(self, **totals: int) -> None:
        def is_there() -> bool:
            assert self._process.poll() is None, "the command has ended"
            return all(self.total(name) == total for name, total in totals.items())

        try:
            await_true(is_there)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.rounds[-3:]} {self.notes[-5:]}, {totals}") from None


@one_index
def test_new_changed_moved_and_deleted_files_reach_the_index(
    environment: dict[str, str], tmp_path: Path, drawn: list[bytes]
) -> None:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    (folder / "kept.jpg").write_bytes(drawn[0])
    (folder / "sub" / "a.jpg").write_bytes(drawn[1])
    with started(environment, "sync", folder, "--watch", "--delete", "--yes", "--json") as process:
        lines = Lines(process)
        lines.await_total(indexed=2, deleted=0)
        (folder / "sub" / "new.jpg").write_bytes(drawn[2])
        lines.await_total(indexed=3, deleted=0)
        (folder / "sub" / "new.jpg.part").write_bytes(drawn[3])
        (folder / "sub" / "new.jpg.part").rename(folder / "sub" / "new.jpg")
        lines.await_total(indexed=4, deleted=0)
        (folder / "sub").rename(folder / "moved")
        lines.await_total(indexed=6, deleted=2)
        (folder / "moved" / "a.jpg").unlink()
        (folder / "text.jpg").write_text("no image")
        lines.await_total(indexed=6, deleted=3, rejected=1)
        _, stderr = stop(process, signal.SIGINT)
    assert process.returncode == 0 and "Stopped." in stderr and "Traceback" not in stderr
    assert lookalike(environment, "verify", folder).returncode == 0


@pytest.mark.parametrize("alone", ["lancedb"], indirect=True)
def test_only_what_has_changed_is_compared_and_a_folder_that_is_gone_deletes_nothing(
    alone: dict[str, str], tmp_path: Path, drawn: list[bytes]
) -> None:
    folder, home = tmp_path / "photos", Path(alone["LOOKALIKE_HOME"])
    for number in range(40):
        (folder / f"{number % 3}").mkdir(parents=True, exist_ok=True)
        (folder / f"{number % 3}" / f"{number}.jpg").write_bytes(drawn[number % 6])
    with started(alone, "sync", folder, "--watch", "--delete", "--json") as process:
        lines = Lines(process, reads_notes=True)
        lines.await_total(indexed=40)
        (folder / "0" / "new.jpg").write_bytes(drawn[7])
        (folder / "1" / "1.jpg").unlink()
        lines.await_total(indexed=41, deleted=1)
        # On a busy machine, each change may have a round of its own.
        first, *later = [line["whole"] for line in lines.rounds if line["indexed"] or line["deleted"]]
        assert first and later and not any(later)
        # All at once are too many to be deleted without a question.
        shutil.rmtree(folder / "2")
        lines.await_note("Nothing is deleted until you run")
        folder.rename(tmp_path / "away")
        lines.await_note("Waiting for it.")
        (tmp_path / "away").rename(folder)
        lines.await_note("It is back.")
        (folder / os.fsdecode(b"\xff.jpg")).write_bytes(drawn[8])
        lines.await_total(indexed=42, deleted=1)
        # The five that are left would need no consent, had it not been said that nothing is deleted.
        (folder / "2").mkdir()
        for number in range(2, 24, 3):
            (folder / "2" / f"{number}.jpg").write_bytes(drawn[number % 6])
        (folder / "2" / "new.jpg").write_bytes(drawn[9])
        lines.await_total(indexed=43, deleted=1)
        lines.stop()
    assert process.returncode == 0 and lines.notes[-1].startswith("Stopped.")
    assert not any("Traceback" in note for note in lines.notes)
    assert processes(home) == {}
    assert answer(lookalike(alone, "verify", folder, "--json", code=3))["orphaned"] == 5


def test_an_outage_of_the_index_of_redis_or_of_a_store_loses_nothing(
    tmp_path: Path,
    model_home: Path,
    drawn: list[bytes],
    redis_url: str,
    opensearch_server: OpenSearchServer,
    s3: S3Server,
    s3_proxy: S3Proxy,
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "0.jpg").write_bytes(drawn[0])
    s3.bucket("shop", {"0.jpg": drawn[1]})
    redis_port = urlsplit(redis_url).port or 0
    index_at = urlsplit(opensearch_server.url)
    with (
        left_as_found(opensearch_server),
        Proxy("127.0.0.1", redis_port) as redis,
        Proxy(index_at.hostname or "", index_at.port or 0) as index,
    ):
        environment = {
            **os.environ,
            "LOOKALIKE_HOME": str(make_home(tmp_path, model_home)),
            "LOOKALIKE_BROKER_URL": f"redis://127.0.0.1:{redis.port}/0",
            "LOOKALIKE_INDEX_URL": f"{index_at.scheme}://127.0.0.1:{index.port}",
            "LOOKALIKE_ROOTS": orjson.dumps([str(folder), "s3://"]).decode(),
        }
        sources = (folder, "s3://shop/")

        def in_sync() -> bool:
            return lookalike(environment, "verify", *sources, code=None).returncode == 0

        with (
            started(environment, "worker"),
            started(environment, "sync", *sources, "--watch", "--every", "1", "--delete", "--json") as process,
        ):
            lines = Lines(process, reads_notes=True)
            lines.await_total(indexed=2)
            for number, outage in enumerate((index, redis), 1):
                outage.refuse()
                (folder / f"{number}.jpg").write_bytes(drawn[number + 1])
                lines.await_note("Waiting for it.")
                outage.heal()
                lines.await_note("It is back.")
                # A job whose round the outage has ended is done nevertheless, and is in no round's report then.
                await_true(in_sync)
            s3_proxy.faults = [Fault(is_reset=True)]
            s3.client().put_object(Bucket="shop", Key="1.jpg", Body=drawn[5])
            failed = len(s3_proxy.asked)
            await_true(lambda: len(s3_proxy.asked) > failed)
            s3_proxy.heal()
            await_true(in_sync)
            assert answer(lookalike(environment, "verify", *sources, "--json"))["present"] == 5
            lines.stop()
            assert lines.total("indexed") <= 5 and lines.total("deleted") == 0
        assert process.returncode == 0 and not any("Traceback" in note for note in lines.notes)


@one_index
def test_what_cannot_be_watched_is_a_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    for code, arguments in ((2, ("-",)), (1, (tmp_path / "nowhere",)), (2, (tmp_path, "--dry-run"))):
        done = lookalike(environment, "sync", "--watch", *arguments, code=code)
        assert 1 <= len(done.stderr.strip().splitlines()) <= 2
