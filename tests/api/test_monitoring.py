"""The dashboard and the alerts use only metrics that a real /metrics exports, and the alerts fire when they should."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from documentation.reference import metrics
from lookalike.ledger import ChunkTimings, Ledger
from lookalike.records import Metric, ModelIdentity, Outcome
from testing.processes import ROOT
from tests.test_ledger import chunk

DASHBOARD = ROOT / "deploy" / "grafana" / "lookalike.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
EXAMPLE = ROOT / "deploy" / "prometheus" / "prometheus.yml"
MODEL = ModelIdentity("m", "f", 2, Metric.COSINE)
#: Labels that Prometheus adds itself; a label of ours named `job` becomes the last one.
ADDED_LABELS = {"instance", "job", "exported_job"}
#: An alert, the minute at which it must fire, and series in promtool's notation that cause it.
FIRING = [
    ("LookalikeServiceDown", 5, {'up{job="lookalike", instance="a"}': "0x20"}),
    ("LookalikeBrokerDown", 5, {"lookalike_broker_up": "0x20"}),
    ("LookalikeIndexDown", 5, {"lookalike_index_up": "0x20"}),
    ("LookalikeNoWorkers", 5, {"lookalike_workers": "0x20", "lookalike_chunks_outstanding": "7x20"}),
    (
        "LookalikeNothingConsumed",
        20,
        {"lookalike_chunks_outstanding": "7x40", 'lookalike_closed_chunks_total{host="a"}': "5x40"},
    ),
    ("LookalikeQueueGrows", 50, {"lookalike_oldest_chunk_seconds": "0+60x60"}),
    (
        "LookalikeRejectionsJump",
        30,
        {
            'lookalike_rejected_images_total{reason="not_found"}': "0+30x40",
            'lookalike_ingested_images_total{host="a", outcome="indexed"}': "0+70x40",
            'lookalike_ingested_images_total{host="a", outcome="rejected"}': "0+30x40",
        },
    ),
    ("LookalikeIndexPushesBack", 30, {'lookalike_chunk_retries_total{service="index"}': "0+2x40"}),
    ("LookalikeProcessesDie", 30, {"lookalike_lost_attempts_total": "0+2x40"}),
    (
        "LookalikeSearchIsSlow",
        30,
        {
            'lookalike_stage_seconds_bucket{stage="total", le="1"}': "0+90x40",
            'lookalike_stage_seconds_bucket{stage="total", le="2.5"}': "0+100x40",
            'lookalike_stage_seconds_bucket{stage="total", le="+Inf"}': "0+100x40",
        },
    ),
]
#: A healthy hour: chunks are processed, a few images are rejected, searches are fast. No alert may fire.
HEALTHY = {
    'up{job="lookalike", instance="a"}': "1x60",
    "lookalike_broker_up": "1x60",
    "lookalike_index_up": "1x60",
    "lookalike_workers": "2x60",
    "lookalike_chunks_outstanding": "512x60",
    "lookalike_oldest_chunk_seconds": "400x60",
    'lookalike_closed_chunks_total{host="a"}': "0+60x60",
    'lookalike_rejected_images_total{reason="corrupt"}': "0+40x60",
    'lookalike_ingested_images_total{host="a", outcome="indexed"}': "0+3800x60",
    'lookalike_chunk_retries_total{service="index"}': "0x30 1x30",
    "lookalike_lost_attempts_total": "0x60",
    'lookalike_stage_seconds_bucket{stage="total", le="0.1"}': "0+99.5x60",
    'lookalike_stage_seconds_bucket{stage="total", le="1"}': "0+100x60",
    'lookalike_stage_seconds_bucket{stage="total", le="+Inf"}': "0+100x60",
}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def queries() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    shown = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    return shown + [rule["expr"] for rule in rules()]


@pytest.fixture
def exported(lance_client: httpx2.Client, broker_url: str, query: bytes) -> tuple[set[str], set[str]]:
    """The names of all samples and of all labels, after a chunk was closed and a search was made."""
    ledger = Ledger(broker_url)
    job = ledger.open_job(source="s", index="i", index_address="a", model=MODEL, spec="{}")
    ledger.open_chunk(chunk(job))
    ledger.close_chunk(chunk(job), Outcome(indexed=3, unchanged=0), ChunkTimings("host-a", {"read": 0.5}))
    ledger.drain(job)
    ledger.finish(job)
    ledger.close()
    lance_client.post("/search", content=query)
    families = text_string_to_metric_families(lance_client.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    return {sample.name for sample in samples}, {label for sample in samples for label in sample.labels}


def test_every_metric_and_label_in_a_query_is_exported(exported: tuple[set[str], set[str]]) -> None:
    names, labels = exported
    named = {name for text in queries() for name in re.findall(r"\blookalike_[a-z_]+", text)}
    assert len(named) > 15 and named <= names
    groups = [
        label for text in queries() for inner in re.findall(r"by \(([^)]*)\)", text) for label in inner.split(", ")
    ]
    matched = [label for text in queries() for label in re.findall(r'(\w+)=~?"', text)]
    assert {*groups, *matched} <= labels | ADDED_LABELS


def test_every_total_of_the_workers_is_on_the_dashboard(exported: tuple[set[str], set[str]]) -> None:
    sums = {name for name in exported[0] if name.startswith("lookalike_") and name.endswith("_total")}
    assert {name for name in sums if not any(name in text for text in queries())} == set()


def test_the_reference_has_every_metric_with_its_labels(exported: tuple[set[str], set[str]]) -> None:
    found = list(metrics.declared(metrics.SERVICE))
    names = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in exported[0]}
    # A counter has a series of its creation, too.
    assert {name for name in names if f"{name}_total" not in names} == {one.name for one in found}
    assert exported[1] - {"le"} == {label for one in found for label in one.labels}


def test_the_totals_of_a_worker_are_exported(exported: tuple[set[str], set[str]], lance_client: httpx2.Client) -> None:
    text = lance_client.get("/metrics").text
    assert re.search(r'lookalike_ingested_images_total\{host="host-a",outcome="indexed"\} ([3-9]|\d\d)', text)
    assert re.search(r'lookalike_ingest_stage_seconds_total\{stage="read"\} (0\.5|[1-9])', text)
    assert 'lookalike_rejected_images_total{reason="bomb"} 0.0' in text
    assert 'lookalike_chunk_retries_total{service="index"} 0.0' in text
    assert "lookalike_workers 0.0" in text and "lookalike_oldest_chunk_seconds 0.0" in text


def test_every_alert_has_a_severity_a_summary_and_an_action() -> None:
    assert [rule["alert"] for rule in rules()] == [name for name, _, _ in FIRING]
    for rule in rules():
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "action"} and rule["expr"].count("(") == rule["expr"].count(")")


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in json.loads(DASHBOARD.read_text())["panels"]):
        rows, columns = range(place["y"], place["y"] + place["h"]), range(place["x"], place["x"] + place["w"])
        cells = {(row, column) for row in rows for column in columns}
        assert not cells & taken and place["x"] + place["w"] <= 24
        taken |= cells


@pytest.fixture(scope="module")
def promtool() -> str:
    """Without promtool, tests skip, or fail in CI."""
    path = shutil.which("promtool")
    if path is None and (os.environ.get("CI") or os.environ.get("LOOKALIKE_REQUIRE_SERVICES")):
        pytest.fail("promtool is required here", pytrace=False)
    if path is None:
        pytest.skip("no promtool: Debian's package prometheus has it")
    return path


def test_promtool_accepts_the_configuration(promtool: str, tmp_path: Path) -> None:
    # The key's file exists only in the container.
    (tmp_path / "key").write_text("a key")
    (tmp_path / ALERTS.name).write_text(ALERTS.read_text())
    example = tmp_path / EXAMPLE.name
    example.write_text(EXAMPLE.read_text().replace("/run/secrets/lookalike-api-key", str(tmp_path / "key")))
    done = subprocess.run([promtool, "check", "config", str(example)], capture_output=True, text=True)
    assert done.returncode == 0 and "10 rules found" in done.stdout, done.stdout + done.stderr


def test_every_query_of_the_dashboard_is_valid(promtool: str, tmp_path: Path) -> None:
    fixed = [text.replace("$__rate_interval", "5m").replace("$job", ".+") for text in queries()]
    records = [{"record": f"shown:{number}", "expr": text} for number, text in enumerate(fixed)]
    path = tmp_path / "shown.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "shown", "rules": records}]}))
    done = subprocess.run([promtool, "check", "rules", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_for_its_fault_and_none_in_a_healthy_hour(promtool: str, tmp_path: Path) -> None:
    cases = [situation(series, at_minutes, {name: True}) for name, at_minutes, series in FIRING]
    cases.append(situation(HEALTHY, 55, dict.fromkeys((name for name, _, _ in FIRING), False)))
    path = tmp_path / "alerts_test.yml"
    path.write_text(yaml.safe_dump({"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": cases}))
    done = subprocess.run([promtool, "test", "rules", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def situation(series: dict[str, str], at_minutes: int, fires: dict[str, bool]) -> dict[str, Any]:
    """A test for promtool: which alerts fire at that minute."""
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{name}", alertstate="firing"}}) > bool 0 or vector(0)',
                "eval_time": f"{at_minutes}m",
                "exp_samples": [{"labels": "{}", "value": int(is_firing)}],
            }
            for name, is_firing in fires.items()
        ],
    }
