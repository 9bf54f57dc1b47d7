"""Celery's consumer, which sends the events of its tasks together."""

import time

from celery.worker.consumer import Consumer

#: Flower shows events; nobody else reads them. Sent one by one, they were 40 % of what a worker's parent does.
EVENTS_EVERY_S = 0.5


class EventsTogether(Consumer):  # type: ignore[misc]
    """Sends the events of EVENTS_EVERY_S in one message; Celery does so with those of one turn of its loop. A worker
    that is killed takes those with it that wait. Celery itself sends 24 at once."""

    _due_at = 0.0

    def on_send_event_buffered(self) -> None:
        now = time.monotonic()
        # By the time, because the hub forgets what it would call later when a connection is lost.
        if self.hub and now >= self._due_at:
            self._due_at = now + EVENTS_EVERY_S
            self.hub.call_later(EVENTS_EVERY_S, self._flush_events)

    def shutdown(self) -> None:
        self._flush_events()
        super().shutdown()


#: What Celery is told to use.
EVENTS_TOGETHER = f"{__name__}:{EventsTogether.__name__}"
