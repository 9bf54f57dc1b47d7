"""Tests of stores do not rest between tries."""

import pytest


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests need no rest between tries."""
    monkeypatch.setattr("lookalike.reading.stores.retrying.FIRST_PAUSE_S", 0.01)
