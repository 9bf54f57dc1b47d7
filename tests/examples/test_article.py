"""examples/article.ipynb, executed in a real kernel, against OpenSearch."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from lookalike.samples import draw_samples
from testing.processes import ROOT, make_home

NOTEBOOK = ROOT / "examples" / "article.ipynb"
SHARED = ROOT.parent / "shared"
FACES = SHARED / "data" / "celebrities"
#: Enough for a split, few enough for a test.
PEOPLE = 8
PER_PERSON = 5
TIMEOUT_S = 240


@pytest.mark.timeout(600)
def test_the_article_notebook_runs_from_its_folder_to_its_figures(
    tmp_path: Path, model_home: Path, other_model: Path, opensearch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not at the top: they take seconds, and every process of the tests reads this module.
    import nbformat
    from nbclient import NotebookClient

    faces = _faces(tmp_path)
    environment = {
        "FACES": faces,
        "LOOKALIKE_HOME": make_home(tmp_path, model_home),
        "LOOKALIKE_INDEX_URL": opensearch_url,
        # The article's model with a backbone of a few layers: ResNet50 has its own tests, and takes long to build.
        "LOOKALIKE_WEIGHTS": other_model,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=TIMEOUT_S, kernel_name="python3", resources=resources).execute()
    said = "\n".join(map(_text, notebook.cells))
    people = len(list(faces.iterdir()))
    assert f"{people} people" in said
    assert "'type': 'knn_vector'" in said
    rate = re.search(r"hit rate among 10 results: ([\d.]+)%", said)
    assert rate is not None and float(rate[1]) > 100 / people
    assert "+lda" in said
    assert any("<img" in html for html in map(_html, notebook.cells))


def test_the_committed_notebook_has_no_outputs() -> None:
    import nbformat

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert [cell.outputs for cell in notebook.cells if cell.get("outputs")] == []


def _faces(folder: Path) -> Path:
    faces = folder / "faces"
    if not FACES.is_dir():
        draw_samples(faces, per_class=PER_PERSON)
        return faces
    for person in sorted(FACES.iterdir())[:PEOPLE]:
        (faces / person.name).mkdir(parents=True)
        for file in sorted(person.iterdir())[:PER_PERSON]:
            shutil.copy(file, faces / person.name)
    return faces


def _text(cell: Any) -> str:
    outputs = cell.get("outputs", [])
    return "\n".join(str(output.get("text", "")) for output in outputs)


def _html(cell: Any) -> str:
    outputs = cell.get("outputs", [])
    return "\n".join(str(output.get("data", {}).get("text/html", "")) for output in outputs)
