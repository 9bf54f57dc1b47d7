"""How long images wait for their host, and when they are tried again."""

import time
from dataclasses import replace

import pytest

from lookalike.errors import HostUnavailable, SourceUnavailable
from lookalike.host_wait import LONGEST_PAUSE_S, HostWait
from lookalike.reading.arrivals import Delayed
from lookalike.records import Wait


def delayed(*, has_progress: bool = False, retry_after_s: float | None = None) -> Delayed:
    return Delayed("http://a", HostUnavailable("http://a", "503", retry_after_s), has_progress)


def waited(seconds: float, *, since: float | None = None, tries: int = 1) -> Wait:
    now = time.time()
    return Wait("http://a", "reset", now - seconds, now - (seconds if since is None else since), tries)


def test_pauses_grow_with_jitter_and_are_bounded() -> None:
    first = HostWait(3600).next(delayed())
    assert first is not None and first[0].tries == 1 and 2 < first[1] <= 5
    late = [HostWait(3600, waited(100, tries=9)).next(delayed()) for _ in range(20)]
    pauses = {item[1] for item in late if item}
    assert len(pauses) == 20 and max(pauses) <= LONGEST_PAUSE_S and min(pauses) >= LONGEST_PAUSE_S / 2
    assert all(item and item[0].tries == 10 and item[0].why == "503" for item in late)


def test_the_last_attempt_is_at_the_end_of_the_wait() -> None:
    found = HostWait(300, waited(295, tries=9)).next(delayed())
    assert found is not None and found[1] <= 5.1
    assert HostWait(300, waited(301, tries=9)).next(delayed()) is None


def test_the_wait_begins_again_with_progress_but_not_for_ever() -> None:
    found = HostWait(60, waited(500)).next(delayed(has_progress=True))
    assert found is not None and time.time() - found[0].since < 5 and time.time() - found[0].first_at >= 500
    assert HostWait(60, waited(601)).next(delayed(has_progress=True)) is None


@pytest.mark.parametrize("asked_s, is_waited_for", [(30, True), (500, True), (3600, False)])
def test_a_host_is_left_alone_as_long_as_it_asks(asked_s: float, is_waited_for: bool) -> None:
    found = HostWait(60).next(delayed(has_progress=True, retry_after_s=asked_s))
    assert (found is not None) is is_waited_for
    assert found is None or found[1] >= asked_s


def test_without_a_limit_nothing_waits_and_a_store_waits_without_one() -> None:
    assert HostWait().next(delayed()) is None
    store = Delayed("s3://b", SourceUnavailable("s3://b", "away"))
    assert HostWait(60, waited(10**6)).next(store) is not None


def test_the_time_in_which_a_store_was_away_altogether_does_not_count() -> None:
    away = Delayed("s3://b", SourceUnavailable("s3://b", "away"))
    found = HostWait(60, waited(10**6)).next(away)
    assert found is not None
    again = HostWait(60, found[0]).next(delayed())
    assert again is not None and again[0].first_at == found[0].first_at
    assert HostWait(60, replace(again[0], since=time.time() - 61)).next(delayed()) is None
