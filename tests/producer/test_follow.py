"""A sync that goes on waits for what passes, says so once, and ends for the rest."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from lookalike.errors import (
    AccessDenied,
    BrokerUnavailable,
    DiskFull,
    IndexUnavailable,
    LookalikeError,
    MetadataLossRefused,
    SourceMissing,
)
from lookalike_producer.changes import Changed
from lookalike_producer.deletion import Confirm, Deletion, check
from lookalike_producer.follow import follow
from lookalike_producer.metadata_loss import MetadataLoss
from lookalike_producer.metadata_loss import check as check_metadata
from lookalike_producer.sync import SyncReport

PATHS = frozenset({"/photos/a.jpg"})
REPORT = SyncReport({}, 0, None)
INDEX_AWAY = IndexUnavailable("index", "refused")
BROKER_AWAY = BrokerUnavailable("broker", "refused")
MISSING = SourceMissing("There is no /nas.", "Mount it.")
TEXT = "A sync would delete 3 of 4 images (75%) from the index, so it has changed nothing."


def deletion(uris: str, documents: int) -> Deletion:
    """Of images with names of one letter."""
    return Deletion(documents, len(uris), uris=lambda: iter(uris))


LARGE = deletion("abc", 4)


BARE = MetadataLoss(4, 3, {"year": 3, "price": 2})
BARE_TEXT = "A sync would remove metadata from 3 of 4 images (75%): year, price. It has changed nothing."


class Stopped(KeyboardInterrupt):
    """Somebody has pressed Ctrl-C."""


class Rounds:
    """What each round ends with; behind the last one somebody presses Ctrl-C."""

    def __init__(
        self, results: Sequence[LookalikeError | Deletion | MetadataLoss | None], deletes: bool = False
    ) -> None:
        self._results = list(results)
        self._deletes = deletes
        self.events: list[str] = []
        self.compared: list[Changed] = []
        #: Rounds that were to ask before any deletion.
        self.asking: list[int] = []
        self.is_new = False
        self.deleted: list[str] = []
        self.yes = False

    def run(self) -> list[str]:
        with pytest.raises(KeyboardInterrupt):
            self.follow()
        return self.events

    def follow(self) -> None:
        note = self.events.append
        follow(
            self._sync,
            self,
            delete=self._deletes,
            yes=self.yes,
            on_report=lambda report: note("report"),
            on_note=note,
            pause=lambda seconds: note(f"pause {seconds:g}"),
        )

    def begin(self, on_note: Callable[[str], None]) -> bool:
        return self.is_new

    def wait(self) -> Changed:
        self.events.append("wait")
        return PATHS

    def _sync(
        self, *, delete: bool, changed: Changed, yes: bool | Confirm = False, ask_always: bool = False
    ) -> SyncReport:
        self.asking += [len(self.compared)] if ask_always else []
        self.compared.append(changed)
        if not self._results:
            raise Stopped
        result = self._results.pop(0)
        if isinstance(result, MetadataLoss):
            check_metadata(result, yes if callable(yes) else lambda loss: yes)
            return REPORT
        if isinstance(result, Deletion):
            assert delete, "a round without deletion refuses none"
            check(replace(result, asks_always=ask_always), yes if callable(yes) else lambda deletion: yes)
            self.deleted.append("".join(result.uris()))
            return REPORT
        if result is not None:
            raise result
        return REPORT


def test_a_service_that_is_away_is_waited_for_longer_and_longer_and_said_once() -> None:
    events = Rounds([INDEX_AWAY, INDEX_AWAY, BROKER_AWAY, None, INDEX_AWAY, None]).run()
    assert events == [
        *("The index at index is not available: refused. Waiting for it.", "pause 1", "pause 2", "pause 4"),
        *("It is back.", "report", "wait"),
        *("The index at index is not available: refused. Waiting for it.", "pause 1", "It is back.", "report", "wait"),
    ]


@pytest.mark.parametrize("error", [MISSING, AccessDenied("The key is wrong.")])
def test_a_source_that_was_there_may_come_back_but_a_misspelt_one_may_not(error: LookalikeError) -> None:
    assert Rounds([None, error, None]).run()[2:4] == [f"{error.sentences()[0]} Waiting for it.", "pause 1"]
    with pytest.raises(type(error)):
        Rounds([error]).follow()


def test_what_does_not_pass_ends_it() -> None:
    with pytest.raises(DiskFull):
        Rounds([None, DiskFull("The disk is full.")]).follow()


def test_a_large_deletion_is_said_once_and_holds_up_nothing_else() -> None:
    rounds = Rounds([LARGE, None, LARGE, None, None, LARGE, None], deletes=True)
    events = rounds.run()
    assert rounds.asking == [2, 4, 7], "until there is nothing to delete, also of what has become a small deletion"
    assert [event for event in events if event != "wait"] == [
        f"{TEXT} Nothing is deleted until you run `lookalike sync --delete` yourself.",
        *("report", "report", "report"),
        f"{TEXT} Nothing is deleted until you run `lookalike sync --delete` yourself.",
        "report",
    ]


def test_what_was_held_back_stays_although_it_has_become_little_until_somebody_deletes_it() -> None:
    rounds = Rounds([LARGE, None, deletion("bc", 400), None, deletion("d", 400), deletion("e", 400)], deletes=True)
    assert len([event for event in rounds.run() if "Nothing is deleted" in event]) == 1
    assert rounds.deleted == ["d", "e"], "a, b and c are gone, by whoever's hand"
    other = Rounds([LARGE, None, deletion("xyz", 4), None], deletes=True)
    assert len([event for event in other.run() if "Nothing is deleted" in event]) == 2, "these are others"
    agreed = Rounds([LARGE, None], deletes=True)
    agreed.yes = True
    agreed.run()
    assert agreed.deleted == ["abc"]


def test_metadata_of_many_images_stays_until_somebody_agrees_or_the_source_has_it_again() -> None:
    rounds = Rounds([None, BARE, BARE, None, BARE])
    note = f"{BARE_TEXT} So it stays until you run `lookalike sync` yourself."
    assert rounds.run() == ["report", "wait", note, "wait", "wait", "report", "wait", note, "wait"]
    assert rounds.compared == [None, PATHS, None, None, PATHS, None]
    with pytest.raises(MetadataLossRefused):
        Rounds([BARE]).follow()
    agreed = Rounds([BARE])
    agreed.yes = True
    assert agreed.run() == ["report", "wait"]


def test_everything_is_compared_at_first_behind_a_failure_and_when_changes_may_be_unknown() -> None:
    rounds = Rounds([None, None, INDEX_AWAY, None, LARGE, None, None], deletes=True)
    rounds.run()
    assert rounds.compared == [None, PATHS, PATHS, None, PATHS, None, PATHS, PATHS]
    unknown = Rounds([None, None])
    unknown.is_new = True
    unknown.run()
    assert unknown.compared == [None, None, None]
