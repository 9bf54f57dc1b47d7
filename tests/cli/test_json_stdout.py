"""With `--json`, stdout has JSON and nothing else: on every terminal, and when a command fails or is interrupted."""

import json
import shutil
import signal
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest

from documentation.reference.commands import with_option
from lookalike import factories
from lookalike.ledger import Ledger
from lookalike.records import Metric, ModelIdentity
from lookalike.samples import draw_samples
from lookalike.settings import read_settings
from lookalike_cli.running import LAST_WORDS
from testing.processes import Done, answer, started, stop
from testing.services.ports import free_port
from tests.cli.inprocess import lookalike

#: What a terminal sets, or a person. Rich takes every stream for a terminal with FORCE_COLOR.
TERMINALS: dict[str, dict[str, str]] = {
    "no colour": {"NO_COLOR": "1"},
    "colour": {"FORCE_COLOR": "1", "TERM": "xterm-256color"},
    "dumb": {"FORCE_COLOR": "1", "TERM": "dumb"},
    "narrow": {"FORCE_COLOR": "1", "COLUMNS": "20"},
}
NOWHERE = f"127.0.0.1:{free_port()}"
AWAY = {"LOOKALIKE_BROKER_URL": f"redis://{NOWHERE}", "LOOKALIKE_INDEX_URL": f"http://{NOWHERE}"}
NO_INDEX = {"LOOKALIKE_INDEX": "nowhere"}
OTHER = ModelIdentity(name="other", fingerprint="d" * 16, dimension=256, metric=Metric.COSINE)

#: Command -> arguments with which it succeeds.
SUCCESSES = {
    "ingest": "{folder}",
    "sync": "{folder}",
    "verify": "{folder}",
    "sources check": "{folder}",
    "status": "{job}",
    "failed list": "",
    "failed retry": "--reason not_found",
    "failed clear": "--reason not_found --yes",
    "cancel": "{open_job}",
    "search": "{image} -k 2",
    "list": "--limit 2",
    "duplicates": "",
    "facets": "",
    "map": "",
    "evaluate": "{folder} --seeds 1",
    "model list": "",
    "model info": "",
    "model build": "",
    "model fit": "{folder} --head pca --name small --dimensions 2",
    "reembed": "--model efficientnet-lite0",
    "index list": "",
    "index create": "created",
    "index restore": "created",
    "index optimize": "",
    "index export": "{out}/images.jsonl",
    "index promote": "{index}-v2 --force",
    "index rollback": "--force",
    "index delete": "created --yes",
    "doctor": "",
    "uninstall-data": "--yes",
}
#: Commands that take seconds are run on one terminal only.
SLOW = {"map", "evaluate", "model fit", "doctor"}
#: Commands that take longer still: other tests run them, on the narrow terminal.
ELSEWHERE = {"model add", "model quantize", "bench"}
#: What has to happen before a command can succeed.
BEFORE = {
    "index restore": "index create created",
    "index delete": "index create created",
    "index promote": "index promote {index}-v1 --force",
    "index rollback": "index promote {index}-v2 --force",
}
#: Command -> arguments with which it fails.
FAILURES = {
    "ingest": "{out}/none",
    "sync": "{out}/none",
    "verify": "{out}/none",
    "sources check": "{out}/none",
    "status": "nojob",
    "failed list": "nojob",
    "failed retry": "nojob",
    "failed clear": "nojob --yes",
    "cancel": "nojob",
    "search": "{out}/none.jpg",
    "list": "--filter unknown=1",
    "duplicates": "--filter unknown=1",
    "facets": "unknown",
    "map": "--sample 0",
    "evaluate": "{out}/none",
    "model list": "",
    "model info": "unknown",
    "model build": "unknown",
    "model add": "{out}/none.onnx --name none",
    "model fit": "{out}/none --head pca --name none",
    "model quantize": "{out}/none --name none",
    "reembed": "--model unknown",
    "index list": "",
    "index create": "-",
    "index restore": "unknown",
    "index optimize": "--index unknown",
    "index export": "{out}/images.txt",
    "index promote": "images-v99",
    "index rollback": "--index unknown",
    "index delete": "unknown --yes",
    "bench": "{out}/none",
    "doctor": "",
    "uninstall-data": "",
}
#: Commands that print one object a line.
LINES = {"list"}
#: Commands whose finding is a result, whatever the exit code is.
FINDINGS = {"ingest", "verify", "sources check", "doctor"}
#: Commands that need neither broker nor index.
LOCAL = {"sources check", "model list", "model info", "model build", "model add", "model fit", "model quantize"}
COMMANDS = with_option("--json")
#: More than a worker does before it is interrupted.
MANY = 8000


@dataclass(frozen=True)
class Scene:
    """An index with four images and two versions, beside a running broker and worker."""

    environment: dict[str, str]
    folder: Path
    out: Path
    job: str

    def run(self, command: str, arguments: str, *more: str, **variables: str) -> Done:
        words = [*command.split(), *self._filled(arguments).split(), *more]
        return lookalike(self.environment | variables, *words, code=None)

    def _filled(self, arguments: str) -> str:
        # Only a job that is open can be cancelled.
        open_job = self._open_job() if "{open_job}" in arguments else ""
        image, index = next(self.folder.rglob("*.jpg")), self.environment["LOOKALIKE_INDEX"]
        return arguments.format(
            folder=self.folder, out=self.out, job=self.job, image=image, index=index, open_job=open_job
        )

    def _open_job(self) -> str:
        with closing(Ledger(f"redis+socket://{self.environment['LOOKALIKE_HOME']}/run/redis.sock")) as ledger:
            return ledger.open_job(source="s", index="i", index_address="lancedb:///i", model=OTHER, spec="{}")


@pytest.fixture(scope="module")
def scene(lancedb_stack: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Scene:
    drawn, folder = tmp_path_factory.mktemp("drawn"), tmp_path_factory.mktemp("labelled")
    draw_samples(drawn, per_class=2)
    for label in ("bricks", "rings"):
        shutil.copytree(drawn / label, folder / label)
    environment = lancedb_stack | {"LOOKALIKE_INDEX": "clean"}
    job = answer(lookalike(environment, "ingest", folder, "--json"))["job"]
    settings = read_settings(home=environment["LOOKALIKE_HOME"], index="clean")
    with closing(factories.open_versions(settings)) as versions:
        versions.create(OTHER)
    return Scene(environment, folder, tmp_path_factory.mktemp("out"), job)


def test_every_command_with_json_is_tried() -> None:
    assert set(COMMANDS) == {*SUCCESSES, *ELSEWHERE} == set(FAILURES)


@pytest.mark.parametrize("command", SUCCESSES)
def test_stdout_is_json_on_every_terminal(scene: Scene, command: str, tmp_path: Path) -> None:
    own = {"LOOKALIKE_HOME": str(tmp_path / "home")} if command == "uninstall-data" else {}
    for terminal in ["narrow"] if command in SLOW else TERMINALS:
        if command in BEFORE:
            scene.run("", BEFORE[command])
        done = scene.run(command, SUCCESSES[command], "--json", **TERMINALS[terminal], **own)
        assert done.returncode == 0, done.stderr
        printed = parsed(done.stdout)
        assert len(printed) > 1 if command in LINES else len(printed) == 1, terminal


@pytest.mark.parametrize("command", FAILURES)
def test_a_command_that_fails_prints_nothing_or_what_it_found(scene: Scene, command: str) -> None:
    terminals = cycle(TERMINALS.values())
    assert failed(scene.run(command, FAILURES[command], "--json", "--unknown", **next(terminals)), command) == 2
    worked = failed(scene.run(command, FAILURES[command], "--json", **next(terminals)), command)
    away = failed(scene.run(command, FAILURES[command], "--json", **AWAY, **next(terminals)), command)
    assert worked or command in {"model list", "index list", "doctor", "uninstall-data"}
    assert away or command in LOCAL


def failed(done: Done, command: str) -> int:
    """The exit code of a command that printed what it should."""
    printed = parsed(done.stdout)
    assert len(printed) == 1 if done.returncode == 0 else not printed or command in FINDINGS, done.stdout
    assert done.returncode == 0 or done.stderr or printed
    return done.returncode


def parsed(stdout: str) -> list[object]:
    """The values on stdout, one a line, without anything else."""
    assert stdout == "" or stdout.endswith("\n")
    return [json.loads(line) for line in stdout.split("\n")[:-1]]


@pytest.mark.parametrize("alone", ["lancedb"], indirect=True)
def test_an_interrupted_ingest_prints_one_sentence(alone: dict[str, str], tmp_path: Path) -> None:
    assert interrupted(alone, "ingest", many(tmp_path)) == (130, "", LAST_WORDS)


def test_an_interrupted_sync_prints_one_sentence(scene: Scene, tmp_path: Path) -> None:
    lookalike(scene.environment, "index", "create", "interrupted")
    environment = scene.environment | {"LOOKALIKE_INDEX": "interrupted"}
    assert interrupted(environment, "sync", many(tmp_path)) == (130, "", LAST_WORDS)
    lookalike(environment, "cancel", answer(lookalike(environment, "status", "--json"))["jobs"][0]["job"])


def many(folder: Path) -> Path:
    """A folder with `MANY` images."""
    draw_samples(folder / "drawn", per_class=1)
    image, images = next((folder / "drawn").rglob("*.jpg")), folder / "images"
    images.mkdir()
    for number in range(MANY):
        (images / f"{number}.jpg").hardlink_to(image)
    return images


def interrupted(environment: dict[str, str], command: str, images: Path) -> tuple[int, str, str]:
    """Interrupt a job in its middle; its exit code, its stdout, and its stderr without progress."""
    with started(environment, command, images, "--json") as process:
        assert process.stderr is not None
        assert any(is_progress(line) for line in process.stderr)
        stdout, stderr = stop(process, signal.SIGINT)
    return process.returncode, stdout, "\n".join(line for line in stderr.splitlines() if not is_progress(line))


def is_progress(line: str) -> bool:
    return " images/s, " in line
