"""The number of processes that decode for GPUs is what was measured here, and never a guess of a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from lookalike import decoders
from lookalike.settings import Settings, read_settings

CORES = 16
#: Fewer processes than cores are faster.
FEWER = {8: 7000.0, 12: 9500.0, 16: 9000.0}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """On a machine of 16 cores, with JAX on its CPU in the place of a GPU."""
    monkeypatch.setattr(decoders, "usable_cores", lambda: CORES)
    return read_settings(home=tmp_path / "home", runtime="jax")


def test_half_of_the_cores_and_more_are_compared() -> None:
    assert [decoders.candidates(cores) for cores in (1, 2, 3, 16)] == [[1], [1, 2], [1, 2, 3], [8, 12, 16]]


@pytest.mark.parametrize(
    ("rates", "number"),
    [
        (FEWER, 12),
        ({8: 7000.0, 12: 8800.0, 16: 9000.0}, 16),
        # Noise.
        ({8: 9100.0, 12: 9400.0, 16: 9000.0}, 16),
        ({8: 9600.0, 12: 9500.0, 16: 9000.0}, 8),
        ({1: 30.0}, 1),
    ],
)
def test_fewer_processes_than_cores_must_be_clearly_faster(rates: dict[int, float], number: int) -> None:
    assert decoders.fastest(rates) == number


def test_a_worker_takes_what_was_measured_unless_a_number_is_set(settings: Settings) -> None:
    assert decoders.processes(settings, ()) == settings.processes
    assert decoders.keep(settings, (), FEWER)
    assert decoders.kept(settings, ()) == FEWER and decoders.processes(settings, ()) == 12
    assert decoders.processes(settings.model_copy(update={"concurrency": 5}), ()) == 5


@pytest.mark.parametrize("changed", [{"runtime": "tensorflow"}, {"model": "resnet50"}, {"gpu_decoding": True}])
def test_what_was_measured_with_other_settings_is_not_taken(settings: Settings, changed: dict[str, Any]) -> None:
    decoders.keep(settings, (), FEWER)
    other = settings.model_copy(update=changed)
    assert decoders.kept(other, ()) is None and decoders.processes(other, ()) == other.processes
    decoders.keep(other, (), {**FEWER, 8: 1.0})
    assert decoders.kept(other, ()) == {**FEWER, 8: 1.0} and decoders.kept(settings, ()) == FEWER


@pytest.mark.parametrize(("name", "value"), [("usable_cores", lambda: 8), ("RELEASE", "9")])
def test_what_was_measured_elsewhere_is_not_taken(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    decoders.keep(settings, (), FEWER)
    monkeypatch.setattr(decoders, name, value)
    assert decoders.kept(settings, ()) is None and decoders.processes(settings, ()) == settings.processes


def test_gpus_without_a_name_have_no_record(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(settings.home))
    assert not decoders.keep(settings, ("0",), FEWER) and decoders.kept(settings, ("0",)) is None
    assert not settings.home.exists()


@pytest.mark.parametrize(
    "rates",
    [
        None,
        [],
        {},
        {"8": 9000.0},
        {"1": 9e9, "8": 7000.0, "12": 9500.0, "16": 9000.0},
        {"8": 7000.0, "12": "many", "16": 9000.0},
        {"8": 7000.0, "12": 9500.0, "16": 0},
        {"8": 7000.0, "12": float("inf"), "16": 9000.0},
        {"8": 7000.0, "12": float("nan"), "16": 9000.0},
    ],
)
def test_a_record_that_nobody_measured_is_not_taken(settings: Settings, rates: object) -> None:
    decoders.keep(settings, (), FEWER)
    file = settings.home / decoders.FILE
    file.write_text(json.dumps(dict.fromkeys(json.loads(file.read_text()), rates)))
    assert decoders.kept(settings, ()) is None


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_a_file_that_is_not_readable_is_replaced(settings: Settings, text: str) -> None:
    settings.home.mkdir()
    (settings.home / decoders.FILE).write_text(text)
    assert decoders.kept(settings, ()) is None
    assert decoders.keep(settings, (), FEWER) and decoders.kept(settings, ()) == FEWER


def test_a_folder_that_cannot_be_written_keeps_nothing(settings: Settings) -> None:
    settings.home.write_text("a file")
    assert not decoders.keep(settings, (), FEWER) and decoders.kept(settings, ()) is None
