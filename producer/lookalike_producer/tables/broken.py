"""A table that cannot be read."""

from lookalike.records import Reason


class TableBroken(Exception):
    """The table cannot be read, or not further. `why` continues a sentence that begins with its name."""

    def __init__(self, reason: Reason, why: str, advice: str = "") -> None:
        super().__init__(reason, why, advice)
        self.reason = reason
        self.why = why
        self.advice = advice
