"""Processes that decode are counted by a measurement, with a model process that costs nothing."""

from pathlib import Path

import pytest

from lookalike import decoders
from lookalike.decoders import Rates, candidates, fastest, kept, processes
from lookalike.embedding import resolve
from lookalike.embedding.children.loads import Loads
from lookalike.embedding.children.model_process import Models
from lookalike.embedding.runtimes.batches import BatchModel
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import ModelUnavailable
from lookalike.records import ImageRef
from lookalike.settings import read_settings
from lookalike_cli.speed import decoding
from testing.images import encoded
from tests.embedding.test_conversation import Corners, served

SPEC = resolve("efficientnet-lite0")
CORES = 2


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "SECONDS", 0.1)
    monkeypatch.setattr(decoding, "ROUNDS", 1)
    # A machine with one core has nothing to choose.
    for module in (decoding, decoders):
        monkeypatch.setattr(module, "usable_cores", lambda: CORES)


def measured(folder: Path, models: Models, notes: list[str], *, is_there: bool = True) -> Rates:
    """Of one image that is not there and, by default, one that is."""
    image = folder / "a.jpg"
    if is_there:
        image.write_bytes(encoded("jpeg"))
    references = [ImageRef(str(folder / "gone.jpg")), ImageRef(str(image))]
    address = served(folder, models)
    return decoding.decoder_rates(read_settings(home=folder), SPEC, [address], (), references, notes.append)


def test_each_number_of_processes_has_a_rate(tmp_path: Path) -> None:
    notes: list[str] = []
    rates = measured(tmp_path, Models(lambda _: Corners(), Loads(tmp_path / "loads")), notes)
    assert list(rates) == candidates(CORES) and min(rates.values()) > 0
    assert len(notes) == 1 and "processes that decode" in notes[0]
    assert not any(path.is_dir() for path in tmp_path.iterdir()), "the copies are removed"
    settings = read_settings(home=tmp_path)
    assert kept(settings, ()) == rates and processes(settings, ()) == fastest(rates)


def test_images_that_are_there_no_more_are_not_measured(tmp_path: Path) -> None:
    notes: list[str] = []
    models = Models(lambda _: Corners(), Loads(tmp_path / "loads"))
    assert measured(tmp_path, models, notes, is_there=False) == {} and "are there no more" in notes[1]


def test_a_number_that_is_set_is_not_measured(tmp_path: Path) -> None:
    settings = read_settings(home=tmp_path, concurrency=1)
    assert decoding.decoder_rates(settings, SPEC, [tmp_path / "served"], (), [], pytest.fail) == {}


def test_what_fails_is_said_in_one_sentence(tmp_path: Path) -> None:
    def refused(_: ModelSpec) -> BatchModel:
        raise ModelUnavailable("There is no such model.", "Choose another one.")

    notes: list[str] = []
    assert measured(tmp_path, Models(refused, Loads(tmp_path / "loads")), notes) == {}
    assert notes[1:] == [
        "The number of processes that decode is not measured: There is no such model. Choose another one."
    ]
