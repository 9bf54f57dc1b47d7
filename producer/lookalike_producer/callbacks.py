"""What callers may follow a job with: callbacks that do nothing unless given."""


def ignore(_: object) -> None:
    """The default of `on_progress` and `on_note`."""
