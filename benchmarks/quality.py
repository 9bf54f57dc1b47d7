"""`make evaluate`: the figures of the models on labelled folders, through a real OpenSearch, into docs/quality.md.

The example report beside it shows drawn images only. Where the folders are missing, it says so and writes nothing.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import recall
from benchmarks.ours import LOOKALIKE
from benchmarks.table import console
from lookalike.samples import draw_samples
from lookalike_evaluation.metrics import FIGURES
from lookalike_evaluation.summary import column_names
from testing.services.opensearch import OpenSearchServer

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("DATA", str(ROOT.parent / "shared" / "data")))
WEIGHTS = Path(os.environ.get("WEIGHTS", str(DATA.parent / "weights" / "resnet50-v1.5-imagenet.keras")))
#: What the weights file expects.
PREPROCESSING = os.environ.get("PREPROCESSING", "caffe")
LITE0 = tuple(f"efficientnet-lite0{variant}" for variant in ("", ":pooled", "+pca", "+lda", ":flip+lda"))
RESNET50 = (
    "resnet50-article",
    *(f"resnet50{variant}" for variant in ("", ":pooled", ":gem", "+pca", ":flip+pca", "+lda", ":flip+lda")),
    "resnet50+classifier",
)
SEEDS = int(os.environ.get("SEEDS", "5"))
K = 10
#: Of each drawn class in the example report.
DRAWN = 10
INTRODUCTION = """\
# How good the answers are

Written by `make evaluate`; do not edit. Each folder's classes are split by seed, 80 % stored and 20 % asked for,
{seeds} times; every figure is the mean over the splits \u00b1 half its 95 % confidence interval (Student's t), through
an OpenSearch index at default settings. The splits of a folder share images, so an interval tells how much the choice
of queries matters, not how other images would fare.

A name with `+pca`, `+lda` or `+classifier` is a head that was **fitted anew on the stored part of each split** and
never saw a query; the others are fitted to nothing. Constants such as LDA's shrinkage were chosen once on the
celebrities, so those figures may flatter a little. [An example of the report](quality-example.html), on drawn images.

- hit@k: queries with at least one right name among k results (what the article reports: .819).
- P@1, P@k: the share of right names among the first 1 or k results.
- mAP@k: mean over queries of 1 / min(R, k) times the sum of the precisions at the ranks of right results, where R
  images of the name are stored (Weyand et al., Google Landmarks Dataset v2, 2020).
- recall: the share of the exact k nearest that the index found.
"""


def main() -> None:
    folders = [DATA / name for name in ("celebrities", "objects") if (DATA / name).is_dir()]
    if not folders:
        console.print(f"No labelled folders in {DATA}: nothing is evaluated. Name others with make evaluate DATA=...")
        return
    models = LITE0 + (RESNET50 if WEIGHTS.is_file() else ())
    with OpenSearchServer(recall.HEAP_MIB) as server, tempfile.TemporaryDirectory() as temporary:
        home = {"LOOKALIKE_HOME": os.environ.get("LOOKALIKE_HOME", temporary)}
        environment = {**os.environ, **home, "LOOKALIKE_INDEX_URL": server.url}
        sections = [_section(folder, models, environment) for folder in folders]
        sections.append(f"## HNSW against exact search\n\n{recall.sentence(recall.measured(server.url))}.\n")
        _example(Path(temporary), environment)
    text = "\n".join((INTRODUCTION.format(seeds=SEEDS), *sections))
    (ROOT / "docs" / "quality.md").write_text(text)
    console.print(text, markup=False)


def _section(folder: Path, models: Sequence[str], environment: dict[str, str]) -> str:
    arguments = ["--models", ",".join(models), "--seeds", str(SEEDS), "-k", str(K)]
    if WEIGHTS.is_file():
        arguments += ["--weights", str(WEIGHTS), "--preprocessing", PREPROCESSING]
    told = _evaluate(folder, arguments, environment)
    lines = [
        f"## {folder.name}: {told['queries']:,} queries, {told['stored']:,} stored",
        "",
        f"| model | {' | '.join(column_names(K))} |",
        f"| --- {'| --- ' * len(FIGURES)}|",
        *(_row(model) for model in told["models"]),
    ]
    notes = [f"- {note}" for note in told["notes"]]
    return "\n".join([*lines, *([""] if notes else []), *notes, ""])


def _row(model: dict[str, Any]) -> str:
    figures = " | ".join(_cell(model[name], model["confidence_95"][name]) for name in FIGURES)
    return f"| {model['model']} | {figures} |"


def _cell(value: float, bounds: Sequence[float] | None) -> str:
    return f"{value:.3f}" if bounds is None else f"{value:.3f} \u00b1 {max(value - bounds[0], bounds[1] - value):.3f}"


def _example(folder: Path, environment: dict[str, str]) -> None:
    draw_samples(folder / "drawn", per_class=DRAWN)
    report = ROOT / "docs" / "quality-example.html"
    _evaluate(folder / "drawn", ["--models", ",".join(LITE0[:2]), "--report", str(report)], environment)


def _evaluate(folder: Path, arguments: Sequence[str], environment: dict[str, str]) -> dict[str, Any]:
    command = [*LOOKALIKE, "evaluate", str(folder), *arguments, "--json"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


if __name__ == "__main__":
    main()
