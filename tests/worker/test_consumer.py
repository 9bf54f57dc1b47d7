"""The events of a worker's tasks are sent together."""

import pytest
from kombu.asynchronous import Hub

from lookalike_worker import consumer
from lookalike_worker.consumer import EventsTogether


class Dispatcher:
    """Counts how often it is told to send what waits."""

    def __init__(self) -> None:
        self.flushed = 0

    def flush(self) -> None:
        self.flushed += 1


class Connected(EventsTogether):
    """A consumer with nothing but a hub and a dispatcher."""

    def __init__(self) -> None:
        self.hub, self.event_dispatcher = Hub(), Dispatcher()

    def due(self) -> int:
        """How many calls the hub would make later."""
        return len(self.hub.timer.queue)

    def make_calls(self) -> None:
        for scheduled in self.hub.timer.queue:
            scheduled.entry()
        self.hub.timer.clear()


def test_events_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "EVENTS_EVERY_S", 3600.0)
    made = Connected()
    for _ in range(5):
        made.on_send_event_buffered()
    assert (made.due(), made.event_dispatcher.flushed) == (1, 0)
    made.make_calls()
    assert made.event_dispatcher.flushed == 1


def test_a_hub_that_forgot_its_calls_gets_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "EVENTS_EVERY_S", 0.0)
    made = Connected()
    made.on_send_event_buffered()
    made.hub.timer.clear()
    made.on_send_event_buffered()
    assert made.due() == 1
