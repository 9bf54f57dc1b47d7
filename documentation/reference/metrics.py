"""The page of metrics: from the calls that declare them, in the query service and in Flower."""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from documentation.reference.page import Page, code, meaning, sections, sentence, table

SERVICE = Path(__file__).parents[2] / "api" / "lookalike_api" / "metrics.py"
LABELS_TABLE = "LABELS in documentation/reference/metrics.py"
#: A call that declares a metric -> the kind of the metric.
DECLARES = {
    "Counter": "counter",
    "CounterMetricFamily": "counter",
    "_labelled": "counter",
    "PrometheusCounter": "counter",
    "Gauge": "gauge",
    "GaugeMetricFamily": "gauge",
    "Histogram": "histogram",
}
LABELS = {
    "stage": "A stage of a search or of a chunk, such as `decode`, `embed` or `total`.",
    "method": "The HTTP method.",
    "route": "The pattern of the path, such as `/images/{id}`.",
    "status": "The status of the answer.",
    "state": "A state of jobs, such as `draining` or `finished`.",
    "job": "The id of a job. Prometheus calls it `exported_job`.",
    "outcome": "`indexed`, `unchanged` or `rejected`; of a job also `found` and `resent`.",
    "host": "The machine of a worker.",
    "reason": "The reason of a rejection.",
    "service": "What was away: `index`, `broker`, `source` or `model process`.",
    "worker": "The name of a worker.",
    "type": "The kind of an event of Celery, such as `task-succeeded`.",
    "task": "The name of a Celery task.",
}
INTRODUCTION = """
`GET /metrics` of the query service has all that a dashboard of lookalike needs, in Prometheus' text format. The workers
keep their totals in Redis, so a dead worker loses none. [Operations](../operations.md) says how to scrape it, and
which alerts there are. A counter never falls. A histogram has the series `_bucket`, `_sum` and `_count`.
"""
FLOWER = """
`lookalike flower` has a `/metrics` of its own, which Flower makes. Nothing of lookalike reads it.
"""


class Declared(NamedTuple):
    """A metric as its declaration has it."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]


def page() -> Page:
    """The metrics of the service and those of Flower, then their labels."""
    ours, flowers = list(declared(SERVICE)), list(declared(_flower()))
    labels = dict.fromkeys(label for one in (*ours, *flowers) for label in one.labels)
    rows = [(code(label), meaning(LABELS.get(label), f"The label {label}", LABELS_TABLE)) for label in labels]
    parts = (
        sections("## Query service", _table(ours)),
        sections("## Flower", FLOWER, _table(flowers)),
        sections("## Labels", table(("label", "meaning"), rows)),
    )
    return Page(
        "metrics.md", "Metrics", "the metrics of the query service and of Flower", sections(INTRODUCTION, *parts)
    )


def declared(file: Path) -> Iterator[Declared]:
    """The metrics that a module declares, in the order of the file."""
    calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda call: call.lineno):
        function = ast.unparse(call.func)
        if function in DECLARES and call.args and isinstance(call.args[0], ast.Constant):
            name, help = (str(ast.literal_eval(argument)) for argument in call.args[:2])
            is_counter = DECLARES[function] == "counter"
            yield Declared(name.removesuffix("_total") + "_total" * is_counter, DECLARES[function], help, _labels(call))


def _labels(call: ast.Call) -> tuple[str, ...]:
    given = [*call.args[2:3], *(keyword.value for keyword in call.keywords if keyword.arg in ("labels", "labelnames"))]
    if ast.unparse(call.func) == "_labelled":
        return (str(ast.literal_eval(call.args[2])),)
    return next((tuple(ast.literal_eval(each)) for each in given if isinstance(each, ast.List)), ())


def _table(metrics: list[Declared]) -> str:
    where = "the call that declares it"
    rows = [
        (code(one.name), one.kind, ", ".join(map(code, one.labels)), sentence(meaning(one.help, one.name, where)))
        for one in metrics
    ]
    return table(("metric", "kind", "labels", "meaning"), rows)


def _flower() -> Path:
    found = find_spec("flower.events")
    assert found is not None and found.origin is not None
    return Path(found.origin)
