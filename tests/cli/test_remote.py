"""`lookalike search` and `doctor` with LOOKALIKE_API_URL set."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from lookalike.records import ImageRef
from lookalike.settings import Settings
from testing.processes import ROOT, answer
from testing.services.ports import free_port
from tests.api.service import serving
from tests.browser.stage import LABELS
from tests.cli.inprocess import lookalike

KEY = "the right key"
AWAY = f"http://127.0.0.1:{free_port()}"
#: Packages that a search through the service does not import.
HEAVY = {"keras", "tensorflow", "openvino", "lancedb", "pyarrow", "opensearchpy", "PIL", "fastapi", "celery", "redis"}


@pytest.fixture(scope="module")
def environment(lance: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of commands with a query service, a key, and no local index."""
    with serving(lance.model_copy(update={"api_key": SecretStr(KEY)})) as http:
        yield {
            **os.environ,
            "LOOKALIKE_HOME": str(tmp_path_factory.mktemp("elsewhere") / "home"),
            "LOOKALIKE_API_URL": str(http.base_url),
            "LOOKALIKE_API_KEY": KEY,
        }


@pytest.fixture
def image(tmp_path: Path, query: bytes) -> Path:
    (tmp_path / "query.jpg").write_bytes(query)
    return tmp_path / "query.jpg"


def test_the_service_gives_the_same_matches_as_a_local_search(
    environment: dict[str, str], lance: Settings, image: Path
) -> None:
    asked = ("search", image, "-k", 3, "--filter", f"name={LABELS[0]}", "--json")
    here = answer(lookalike({**os.environ, "LOOKALIKE_HOME": str(lance.home)}, *asked))
    there = answer(lookalike(environment, *asked))
    assert len(there["matches"]) == 3 and there["took_ms"] > 0
    assert list(there) == list(here)
    assert [_rounded(match) for match in there["matches"]] == [_rounded(match) for match in here["matches"]]


def _rounded(match: dict[str, Any]) -> dict[str, Any]:
    return {**match, "score": round(match["score"], 3)}


def test_a_stored_image_is_found_by_its_id_or_its_path(environment: dict[str, str], stored: list[ImageRef]) -> None:
    by_id = answer(lookalike(environment, "search", "--id", stored[5].id, "-k", 2, "--json"))["matches"]
    path = os.path.relpath(stored[5].uri, ROOT)
    assert answer(lookalike(environment, "search", "--uri", path, "-k", 2, "--json"))["matches"] == by_id
    assert len(by_id) == 2 and stored[5].id not in {match["id"] for match in by_id}


#: Arguments, environment, the exit code, and what stderr must name.
WRONG: dict[str, tuple[list[str], dict[str, str], int, list[str]]] = {
    "service away": (["--id", "x"], {"LOOKALIKE_API_URL": AWAY}, 75, [AWAY, "refused", "LOOKALIKE_API_URL"]),
    "wrong key": (["--id", "x"], {"LOOKALIKE_API_KEY": "not it"}, 1, ["rejects the API key", "LOOKALIKE_API_KEY"]),
    "key in clear": (["--id", "x"], {"LOOKALIKE_API_URL": "http://192.0.2.1"}, 2, ["unencrypted", "192.0.2.1"]),
    "no URL": (["--id", "x"], {"LOOKALIKE_API_URL": "somewhere"}, 2, ["LOOKALIKE_API_URL"]),
    "text file": (["README.md"], {}, 1, ["README.md", "unsupported"]),
    "missing image": (["gone.jpg"], {}, 1, ["gone.jpg", "no such file"]),
    "unknown id": (["--id", "x"], {}, 1, ["does not contain image x"]),
    "own model": (["x.jpg", "--weights", "a.keras", "--preprocessing", "tf"], {}, 2, ["preprocessing, weights"]),
    "another index": (["--id", "x", "--index", "other"], {}, 2, ["searches the index images, not other", "API_URL"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_problem_with_the_service_gives_a_short_message(case: str, environment: dict[str, str]) -> None:
    arguments, variables, code, named = WRONG[case]
    done = lookalike({**environment, **variables}, "search", *arguments, code=code)
    assert 1 <= len(done.stderr.splitlines()) <= 2 and done.stdout == ""
    assert [name for name in named if name not in done.stderr] == []
    assert KEY not in done.stderr and "not it" not in done.stderr


def test_filters_are_the_service_s(environment: dict[str, str], image: Path) -> None:
    asked = ("search", image, "-k", 24, "--json")
    whole = answer(lookalike(environment, *asked))["matches"]
    some = answer(lookalike(environment, *asked, "--filter", "number>=5", "--filter", "tags=t1,t2"))["matches"]
    numbers = {match["metadata"]["number"] for match in whole}
    assert {match["metadata"]["number"] for match in some} == {each for each in numbers if each >= 5 and each % 3}
    done = lookalike(environment, *asked, "--filter", "nubmer=3", code=2)
    assert "'nubmer'" in done.stderr and "Did you mean number?" in done.stderr


def test_a_search_through_the_service_imports_nothing_heavy(environment: dict[str, str], image: Path) -> None:
    code = (
        "import sys; from lookalike_cli.main import app; app(['search', *sys.argv[1:]], standalone_mode=False);"
        f"print(sorted({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(image)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]" and LABELS[0] in done.stdout


def test_doctor_reports_that_the_service_is_ready(environment: dict[str, str], stored: list[ImageRef]) -> None:
    findings = answer(lookalike(environment, "doctor", "--json"))["findings"]
    service = next(item for item in findings if item["what"] == "service")
    assert service["is_fine"] and environment["LOOKALIKE_API_URL"] in service["detail"]
    assert f"{len(stored)} documents" in service["detail"]
