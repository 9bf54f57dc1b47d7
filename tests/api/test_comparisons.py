"""Comparisons in the background: one at a time, a few are kept, and they end with the service."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from lookalike.duplicates import Advance, Comparison
from lookalike.errors import IndexMissing
from lookalike.index import Index, open_index
from lookalike_api import comparisons
from lookalike_api.admission import Busy
from lookalike_api.comparisons import Comparisons, Wanted
from testing.processes import await_true
from tests.index.documents import COSINE, documents

WHOLE = Wanted(None, (), False)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """Ten images, of which two have the same bytes."""
    opened = open_index(f"lancedb://{tmp_path}/index", "images")
    opened.ensure(COSINE)
    opened.write([replace(each, content_sha256=f"{max(n, 1):064}") for n, each in enumerate(documents(10))])
    yield opened
    opened.close()


@pytest.fixture
def made(index: Index) -> Iterator[Comparisons]:
    opened = Comparisons(index)
    yield opened
    opened.close()


def test_a_comparison_finishes_and_is_made_anew_when_asked_again(made: Comparisons) -> None:
    first = made.start(WHOLE)
    await_true(lambda: first.has_ended)
    assert made.find(WHOLE) is first and first.state == "finished" and first.threshold == 0.98
    assert first.stars[0].is_identical and len(first.stars[0].scores) == 2
    second = made.start(WHOLE)
    assert second is not first
    await_true(lambda: second.has_ended)
    assert made.find(WHOLE) is second and second.stars == first.stars


def test_a_failure_is_told(made: Comparisons, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise IndexMissing("images")

    monkeypatch.setattr(Comparison, "read", fail)
    failed = made.start(WHOLE)
    await_true(lambda: failed.has_ended)
    assert failed.state == "failed" and "There is no index yet" in failed.error


def test_a_comparison_of_another_version_is_forgotten(made: Comparisons) -> None:
    begun = made.start(WHOLE)
    await_true(lambda: begun.has_ended)
    begun.version = "images-v7"
    assert made.find(WHOLE).state == "none"


def test_few_are_kept_and_none_that_waits_is_dropped(made: Comparisons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "MOST_WAITING", 2)
    monkeypatch.setattr(comparisons, "MOST_KEPT", 2)
    go_on = Event()
    monkeypatch.setattr(Comparison, "read", lambda self, advance: (go_on.wait(), advance(0)))
    running = made.start(WHOLE)
    waiting = made.start(WHOLE._replace(exact=True))
    assert made.start(WHOLE) is running and waiting.state == "waiting"
    with pytest.raises(Busy):
        made.start(WHOLE._replace(threshold=0.5))
    go_on.set()
    await_true(lambda: waiting.has_ended)
    third = made.start(WHOLE._replace(threshold=0.5))
    assert made.find(WHOLE).state == "none" and made.find(WHOLE._replace(exact=True)) is waiting
    await_true(lambda: third.has_ended)


def test_what_runs_ends_with_the_service(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = Event()

    def read(self: object, advance: Advance) -> None:
        while True:
            begun.set()
            advance(1)

    monkeypatch.setattr(Comparison, "read", read)
    made = Comparisons(index)
    running, waiting = made.start(WHOLE), made.start(WHOLE._replace(exact=True))
    begun.wait()
    made.close()
    assert running.state == "failed" and waiting.has_ended
