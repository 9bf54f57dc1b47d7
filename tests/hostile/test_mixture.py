"""The promise under a mixture: each of 2,000 references ends once, for the right reason, though workers are killed."""

import json
import os
import signal
import subprocess
from collections import Counter
from pathlib import Path

from lookalike.index import open_index
from lookalike.records import document_id
from testing.processes import (
    LOOKALIKE,
    ROOT,
    TIMEOUT_S,
    answer,
    await_true,
    lookalike,
    make_home,
    processes,
    started,
    stop,
    worker_processes,
)
from testing.services.ports import free_port
from tests.hostile.corpus import INDEXED
from tests.hostile.mixture import make_mixture
from tests.hostile.test_hostile import ledger_of
from tests.image_index.conftest import jobs_done


def test_each_reference_of_a_mixture_ends_once(tmp_path: Path, model_home: Path) -> None:
    home, mixture = make_home(tmp_path, model_home), make_mixture(tmp_path / "root")
    assert len(mixture.expected) > 2000
    chosen = {"LOOKALIKE_HOME": str(home), "LOOKALIKE_ROOTS": json.dumps([str(tmp_path)])}
    environment = {**os.environ, **chosen, "LOOKALIKE_CHUNK_SIZE": "16"}
    with started(environment, "up", "--port", free_port()) as up:
        await_true((home / "run" / "worker").exists)
        command = [*LOOKALIKE, "ingest", *map(str, mixture.sources), "--json"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, env=environment, text=True, cwd=ROOT, **pipes) as ingest:  # type: ignore[call-overload]
            for done in (1, 40):
                await_true(lambda done=done: jobs_done(home) >= done or ingest.poll() is not None, TIMEOUT_S)  # type: ignore[misc]
                main, children = worker_processes(home)
                os.kill(children[0] if done == 1 else main, signal.SIGKILL)
            stdout, stderr = ingest.communicate(timeout=TIMEOUT_S)
        assert "Traceback" not in stderr
        report = json.loads(stdout)
        job, rejected = ledger_of(home, report["job"])
        again = answer(lookalike(environment, "ingest", *mixture.sources, "--json"))
        stop(up)
    assert processes(home) == {}
    outcomes = {uri: rejected.get(uri, INDEXED) for uri in mixture.expected}
    wrong = {uri: found for uri, found in outcomes.items() if found not in mixture.expected[uri]}
    assert wrong == {} and set(rejected) <= set(mixture.expected)
    assert report["found"] == report["indexed"] + report["unchanged"] + report["rejected"]
    assert (report["found"], job.rejected) == (len(mixture.expected), len(rejected))
    index = open_index(f"lancedb://{home / 'index'}", "images")
    held = Counter(id for id, _ in index.scan(""))
    index.close()
    assert held == Counter(document_id(uri) for uri, found in outcomes.items() if found == INDEXED)
    assert (again["found"], again["indexed"], again["rejected"]) == (report["found"], 0, report["rejected"])
