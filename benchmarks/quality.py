"""`make evaluate`: evaluates the models on labelled folders with a real OpenSearch, and writes docs/quality.md.

Also writes the example report, which shows only drawn images. Without labelled folders it writes nothing.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import examples, int8, recall
from benchmarks.ours import LOOKALIKE
from benchmarks.table import console
from lookalike.samples import draw_samples
from lookalike_evaluation.metrics import FIGURES
from lookalike_evaluation.summary import column_names
from testing.services.opensearch import OpenSearchServer

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("DATA", str(ROOT.parent / "shared" / "data")))
WEIGHTS = Path(os.environ.get("WEIGHTS", str(DATA.parent / "weights" / "resnet50-v1.5-imagenet.keras")))
#: The preprocessing that the weights file expects.
PREPROCESSING = os.environ.get("PREPROCESSING", "caffe")
LITES = (
    *(f"efficientnet-lite0{variant}" for variant in ("", ":pooled", ":int8", "+pca", "+lda", ":flip+lda")),
    *("efficientnet-lite1", "efficientnet-lite2", "efficientnet-lite2+pca", "efficientnet-lite2:flip+lda"),
)
RESNET50 = (
    "resnet50-article",
    *(f"resnet50{variant}" for variant in ("", ":pooled", ":int8", ":gem", "+pca", ":flip+pca", "+lda", ":flip+lda")),
    "resnet50+classifier",
)
SEEDS = int(os.environ.get("SEEDS", "5"))
K = 10
#: Drawn images per class in the example report.
DRAWN = 10
INTRODUCTION = """\
# Search quality

`make evaluate` writes this page; do not edit it. The images of each folder are split at random {seeds} times: 80 % of
each class are stored, and 20 % are queries. The index is OpenSearch with default settings. Each figure is the mean over
the splits \u00b1 half of its 95 % confidence interval (Student's t). The splits of a folder share images, so an
interval shows how much the choice of queries matters. It does not show how the model does on other images.

A name with `+pca`, `+lda` or `+classifier` has a head that was **fitted again on the stored images of each split**,
without the queries. The other models are not fitted. Constants such as the shrinkage of LDA were chosen once on the
celebrities, so those figures may be slightly too good. [Example report](quality-example.html), with drawn images.

- hit@k: share of the queries with at least one result of the right class among the first k (the article reports .819).
- P@1, P@k: share of results of the right class among the first 1 or k.
- mAP@k: mean over the queries of 1 / min(R, k) times the sum of the precisions at the ranks of the right results, where
  R is the number of stored images of the class (Weyand et al., Google Landmarks Dataset v2, 2020).
- recall: share of the exact k nearest neighbours that the index found.

The recall of searches with filters stands in [metadata.md](metadata.md).
"""


def main() -> None:
    folders = [DATA / name for name in ("celebrities", "objects") if (DATA / name).is_dir()]
    if not folders:
        console.print(
            f"No labelled folders in {DATA}, so nothing is evaluated. Give another folder: make evaluate DATA=..."
        )
        return
    models = LITES + (RESNET50 if WEIGHTS.is_file() else ())
    with OpenSearchServer(recall.HEAP_MIB) as server, tempfile.TemporaryDirectory() as temporary:
        home = {"LOOKALIKE_HOME": os.environ.get("LOOKALIKE_HOME", temporary)}
        environment = {**os.environ, **home, "LOOKALIKE_INDEX_URL": server.url}
        sections = [_section(folder, models, environment) for folder in folders]
        sections.append("\n".join(_closeness(Path(home["LOOKALIKE_HOME"]))))
        sections.append(examples.section())
        sections.append(f"## HNSW compared with exact search\n\n{recall.described(recall.measured(server.url))}.\n")
        _example(Path(temporary), environment)
    text = "\n".join((INTRODUCTION.format(seeds=SEEDS), *sections))
    (ROOT / "docs" / "quality.md").write_text(text)
    console.print(text, markup=False)


def _section(folder: Path, models: Sequence[str], environment: dict[str, str]) -> str:
    arguments = ["--models", ",".join(models), "--seeds", str(SEEDS), "-k", str(K)]
    if WEIGHTS.is_file():
        arguments += ["--weights", str(WEIGHTS), "--preprocessing", PREPROCESSING]
    result = _evaluate(folder, arguments, environment)
    lines = [
        f"## {folder.name}: {result['queries']:,} queries, {result['stored']:,} stored",
        "",
        f"| model | {' | '.join(column_names(K))} |",
        f"| --- {'| --- ' * len(FIGURES)}|",
        *(_row(model) for model in result["models"]),
    ]
    notes = [f"- {note}" for note in result["notes"]]
    return "\n".join([*lines, *([""] if notes else []), *notes, ""])


def _closeness(home: Path) -> Iterator[str]:
    yield "## 8-bit integers and float32\n"
    yield "Cosines of the vectors that `:int8` gives with those of float32, of images from all classes of a folder, on"
    yield f"a CPU with {int8.instructions()}. `python -m benchmarks int8` measures this table alone.\n"
    yield "| model | folder | images | median cosine | least |"
    yield "| --- | --- | --- | --- | --- |"
    for pair in int8.pairs():
        for folder, found in int8.closeness(pair, home):
            yield f"| {pair.quick.name} | {folder} | {found.images} | {found.median:.4f} | {found.least:.4f} |"
    yield ""


def _row(model: dict[str, Any]) -> str:
    figures = " | ".join(_cell(model[name], model["confidence_95"][name]) for name in FIGURES)
    return f"| {model['model']} | {figures} |"


def _cell(value: float, bounds: Sequence[float] | None) -> str:
    return f"{value:.3f}" if bounds is None else f"{value:.3f} \u00b1 {max(value - bounds[0], bounds[1] - value):.3f}"


def _example(folder: Path, environment: dict[str, str]) -> None:
    draw_samples(folder / "drawn", per_class=DRAWN)
    report = ROOT / "docs" / "quality-example.html"
    _evaluate(folder / "drawn", ["--models", ",".join(LITES[:2]), "--report", str(report)], environment)


def _evaluate(folder: Path, arguments: Sequence[str], environment: dict[str, str]) -> dict[str, Any]:
    command = [*LOOKALIKE, "evaluate", str(folder), *arguments, "--json"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


if __name__ == "__main__":
    main()
