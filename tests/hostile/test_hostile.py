"""The program ingests the hostile corpus: no process dies, memory stays bounded, and output is escaped."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lookalike.embedded.redis_server import broker_url
from lookalike.index import open_index
from lookalike.ledger import Job, JobState, Ledger
from lookalike.records import document_id
from lookalike.samples import draw_samples
from lookalike.storage import local_uri
from testing.processes import Done, answer, await_true, lookalike, make_home, processes, started, stop, worker_processes
from testing.services.ports import free_port
from tests.hostile.changing import changing_files
from tests.hostile.corpus import INDEXED, Corpus, make_corpus

#: The memory that a worker child may take on top of its peak with ordinary images. The largest image that is decoded
#: takes 50 MB (12 megapixels at 4 bytes); decoding a bomb would take between 137 MB (the GIF) and 16 GB.
MEMORY_BOUND_BYTES = 128 * 2**20
#: Unescaped, these characters of a name could rewrite the terminal. `harmless` looks for line feeds separately.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
#: JSON is for programs: it escapes only what it must.
CONTROL_IN_JSON = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class Ended:
    """The running stack after it ingested the corpus; `children` and `peaks` hold the values before and after."""

    environment: dict[str, str]
    home: Path
    corpus: Corpus
    job: Job
    rejected: dict[str, str]
    children: tuple[list[int], list[int]]
    peaks: tuple[int, int]

    @property
    def log(self) -> str:
        return (self.home / "logs" / "worker.log").read_text()


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[Ended]:
    folder = tmp_path_factory.mktemp("hostile")
    home, corpus, ordinary = make_home(folder, model_home), make_corpus(folder), folder / "ordinary"
    draw_samples(ordinary, per_class=4, seed=1)
    roots = json.dumps([str(corpus.root), str(ordinary)])
    chosen = {"LOOKALIKE_HOME": str(home), "LOOKALIKE_ROOTS": roots, "LOOKALIKE_CHUNK_SIZE": "16"}
    environment = {**os.environ, **chosen}
    with started(environment, "up", "--port", free_port()) as up:
        await_true((home / "run" / "worker").exists)
        lookalike(environment, "ingest", ordinary)
        before, base = children(home), peak(home)
        with changing_files(corpus):
            done = lookalike(environment, "ingest", corpus.root, "--json")
        job, rejected = ledger_of(home, answer(done)["job"])
        after = (before, children(home)), (base, peak(home))
        yield Ended(environment, home, corpus, job, rejected, *after)
        _, stderr = stop(up)
        assert "Traceback" not in stderr
    assert processes(home) == {}


def children(home: Path) -> list[int]:
    return sorted(worker_processes(home)[1])


def peak(home: Path) -> int:
    """The largest peak memory of the worker children, in bytes."""
    found = [re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()) for pid in children(home)]
    return max(int(match[1]) * 1024 for match in found if match)


def ledger_of(home: Path, job_id: str) -> tuple[Job, dict[str, str]]:
    ledger = Ledger(broker_url(home))
    try:
        return ledger.job(job_id), {item.uri: item.reason.value for item in ledger.rejected(job_id)}
    finally:
        ledger.close()


def test_every_file_is_indexed_or_rejected_for_the_right_reason(ended: Ended) -> None:
    outcomes = {path: ended.rejected.get(local_uri(path), INDEXED) for path in ended.corpus.expected}
    wrong = {path: outcome for path, outcome in outcomes.items() if outcome not in ended.corpus.expected[path]}
    assert wrong == {}
    assert len(set(outcomes.values())) > 9


def test_every_file_that_was_found_is_counted(ended: Ended) -> None:
    job = ended.job
    assert job.state is JobState.FINISHED
    assert job.found == len(ended.corpus.expected) == job.indexed + job.unchanged + job.rejected
    assert job.rejected == len(ended.rejected)
    assert set(ended.rejected) <= {local_uri(path) for path in ended.corpus.expected}


def test_the_index_holds_exactly_what_was_not_rejected(ended: Ended) -> None:
    uris = {local_uri(path) for path in ended.corpus.expected}
    index = open_index(f"lancedb://{ended.home / 'index'}", "images")
    held = index.stored([document_id(uri) for uri in uris])
    index.close()
    assert set(held) == {document_id(uri) for uri in uris - set(ended.rejected)}


def test_all_good_images_among_them_are_indexed(ended: Ended) -> None:
    assert len(ended.corpus.good) > 30
    assert {path for path in ended.corpus.good if local_uri(path) in ended.rejected} == set()


def test_no_worker_process_died_and_none_logged_a_traceback(ended: Ended) -> None:
    before, after = ended.children
    assert before == after
    assert "WorkerLost" not in ended.log
    assert "Traceback" not in ended.log


def test_the_memory_of_every_worker_process_stays_under_its_bound(ended: Ended) -> None:
    base, highest = ended.peaks
    assert highest - base < MEMORY_BOUND_BYTES, f"{base:,} bytes before, {highest:,} after"


def test_a_second_run_finds_the_same_and_embeds_nothing(ended: Ended) -> None:
    again = answer(lookalike(ended.environment, "ingest", ended.corpus.root, "--json"))
    # The three files that were changing may have another outcome now that they do not change.
    assert again["found"] == ended.job.found
    assert again["indexed"] <= 3
    assert again["unchanged"] + again["indexed"] + again["rejected"] == again["found"]


def test_no_name_reaches_the_terminal_unescaped(ended: Ended) -> None:
    assert CONTROL.search(ended.log) is None
    strange = [path for path in ended.corpus.expected if "broken" in path and not os.path.basename(path).isprintable()]
    assert len(strange) > 8
    job = answer(harmless(ended, "ingest", *strange, "--json", form=CONTROL_IN_JSON, code=1))["job"]
    assert "truncated" in harmless(ended, "status", job).stdout
    harmless(ended, "status")
    harmless(ended, "ingest", f"{strange[0]}\x1b[31m", code=1)
    wanted = next(path for path in ended.corpus.expected if path.endswith("/names/~"))
    assert "red" in harmless(ended, "search", wanted, "-k", 60).stdout
    harmless(ended, "search", wanted, "-k", 60, "--json", form=CONTROL_IN_JSON)


def harmless(ended: Ended, *arguments: object, form: re.Pattern[str] = CONTROL, code: int = 0) -> Done:
    """Run a command and check that its output has nothing that matches `form`."""
    done = lookalike(ended.environment, *arguments, code=code)
    printed = done.stdout + done.stderr
    found = form.search(printed)
    assert found is None, printed[max(0, found.start() - 200) : found.end() + 50]
    assert "line\nfeed" not in printed, "a name breaks a line"
    return done


def test_all_hostile_files_could_be_made_on_this_machine(ended: Ended) -> None:
    if ended.corpus.missing:
        pytest.skip("; ".join(ended.corpus.missing))
