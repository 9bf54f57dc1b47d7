"""The callbacks with which a caller can follow a job."""


def ignore(_: object) -> None:
    """The default of `on_progress` and `on_note`."""
