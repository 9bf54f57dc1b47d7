"""`bench` on both indexes, with drawn images; it leaves nothing behind, however it ends."""

import os
from pathlib import Path

import pytest

from lookalike.exit_codes import ExitCode
from lookalike.samples import keep, samples
from testing.processes import answer, await_true, make_home, processes, started, stop
from tests.cli.conftest import left_behind
from tests.cli.inprocess import lookalike
from tests.cli.test_json_stdout import TERMINALS

IMAGES = 9


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images, and a file that is not an image."""
    folder = tmp_path_factory.mktemp("drawn")
    for sample in [one for one in samples(per_class=3, seed=7) if one.label in ("bricks", "rings", "waves")]:
        keep(sample, folder / sample.path)
    (folder / "waves" / "broken.jpg").write_bytes(b"not an image")
    return folder


@pytest.fixture
def environment(alone: dict[str, str]) -> dict[str, str]:
    """With one worker process."""
    return {**alone, "LOOKALIKE_CONCURRENCY": "1"}


def left(environment: dict[str, str]) -> list[str]:
    home = Path(environment["LOOKALIKE_HOME"])
    names = left_behind(environment) + [path.name for path in home.iterdir() if path.name != "models"]
    return names + list(processes(home).values())


def test_stages_and_whole_are_measured_and_compared(environment: dict[str, str], drawn: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    done = lookalike(
        environment | TERMINALS["narrow"], "bench", drawn, "--repeats", 1, "--price", 2, "--report", report, "--json"
    )
    printed = answer(done)
    is_encoding = environment["LOOKALIKE_INDEX_URL"].startswith("http")
    expected = {"read", "decode", "embed", "look-up", "bulk", "rest"} | ({"encode", "server"} if is_encoding else set())
    assert set(printed["stages"]) == expected
    assert (printed["images"], printed["whole"]["images"], printed["rejected"]) == (IMAGES, IMAGES, 1)
    cpu_s = sum(stage["cpu_s"]["median"] for stage in printed["stages"].values())
    assert printed["bound"] == pytest.approx(printed["facts"]["cores"] / cpu_s)
    assert printed["efficiency"] == pytest.approx(printed["whole"]["rate"]["median"] / printed["bound"])
    assert printed["cost_per_million"] == pytest.approx(2 * printed["hours_per_million"])
    assert printed["bottleneck"] == "workers" or printed["facts"]["cores"] == 1
    assert f"Efficiency (rate / bound): {printed['efficiency']:.2f}" in done.stderr and printed["why"] in done.stderr
    html = report.read_text()
    assert "data:image/svg+xml" in html and printed["advice"][0] in html and 'src="http' not in html
    assert left(environment) == []


@pytest.mark.parametrize("alone", ["lancedb"], indirect=True)
def test_an_interrupted_bench_leaves_nothing(environment: dict[str, str], drawn: Path) -> None:
    home = Path(environment["LOOKALIKE_HOME"])
    with started(environment, "bench", drawn, "--repeats", 100) as process:
        await_true(lambda: list(home.glob("bench-*/run/worker")) or process.poll() is not None)
        assert left(environment), process.communicate()
        _, stderr = stop(process)
    assert process.returncode == ExitCode.TERMINATED and "Interrupted" in stderr and "Traceback" not in stderr
    assert left(environment) == []


def test_bad_input_gives_a_message(drawn: Path, tmp_path: Path, model_home: Path) -> None:
    bare = {**os.environ, "LOOKALIKE_HOME": str(make_home(tmp_path, model_home))}
    broken = lookalike(bare, "bench", drawn / "waves" / "broken.jpg", code=1).stderr
    assert "No image to measure with" in broken and "1 unsupported" in broken
    (tmp_path / "empty").mkdir()
    assert "no files" in lookalike(bare, "bench", tmp_path / "empty", code=1).stderr
    assert "r.html" in lookalike(bare, "bench", drawn, "--report", tmp_path / "no" / "r.html", code=2).stderr
    away = {**bare, "LOOKALIKE_INDEX_URL": "http://127.0.0.1:9"}
    assert "127.0.0.1:9" in lookalike(away, "bench", drawn, code=75).stderr
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["models"]
