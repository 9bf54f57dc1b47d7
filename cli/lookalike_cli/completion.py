"""What a shell completes beside commands and options: the names of indexes. And how it gets the texts beside them."""

import os

#: Set by the scripts of `--install-completion`.
VARIABLE = "_LOOKALIKE_COMPLETE"
#: Columns of a terminal on which no help text takes a second line.
WIDE = "9999"


def is_asked() -> bool:
    """Whether a shell has started this process to complete a line."""
    return VARIABLE in os.environ


def keep_texts_whole() -> None:
    """Let no text be wrapped: fish takes the second line for another candidate, and zsh takes none at all."""
    os.environ["COLUMNS"] = WIDE


def index_names(incomplete: str) -> list[str]:
    """The indexes whose names begin so; none if their home or server does not answer."""
    from lookalike import factories
    from lookalike.errors import LookalikeError
    from lookalike.settings import read_settings

    try:
        infos = factories.list_indexes(read_settings())
    except LookalikeError:
        return []
    return sorted({info.name for info in infos if info.name.startswith(incomplete)})
