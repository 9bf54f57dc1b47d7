"""The arguments of a handle's methods, checked; another module checks images."""

import os
from collections.abc import Iterable, Mapping
from numbers import Integral
from pathlib import Path

from lookalike.errors import BadSetting
from lookalike.records import Reason
from lookalike.storage import local_uri

#: A folder, a glob, a list of paths (.txt) or an image.
Source = str | os.PathLike[str]

MOST_MATCHES = 1000


def texts(sources: Iterable[Source], *, needed: bool = True) -> list[str]:
    """The sources as texts. Raises BadSetting for something else, and for none if one is `needed`."""
    texts = [_text(source) for source in sources]
    if needed and not texts:
        raise BadSetting("There is no source to ingest.", "Give a folder, a glob, a .txt list of paths or an image.")
    return texts


def _text(source: Source) -> str:
    if not isinstance(source, str | os.PathLike):
        raise BadSetting(f"A {type(source).__name__} is not a source.", "Give paths: images.ingest('a', 'b').")
    return os.fspath(source)


def check_query(image: object, id: object, uri: object, k: object, filters: object) -> None:
    """The image itself is checked when it is read. Raises BadSetting."""
    if sum(given is not None for given in (image, id, uri)) != 1:
        raise BadSetting("A search starts from exactly one of an image, an id and a uri.")
    if not isinstance(id, str | None) or not isinstance(uri, str | os.PathLike | None):
        raise BadSetting(f"{id or uri!r} is not an id or a uri.", "Give a text.")
    if not isinstance(k, Integral) or not 1 <= int(k) <= MOST_MATCHES:
        raise BadSetting(f"k = {k!r} is out of range.", f"Ask for 1 to {MOST_MATCHES} matches.")
    if not isinstance(filters, Mapping | None):
        raise BadSetting(f"A {type(filters).__name__} is not a filter.", "Give a dict, such as {'label': 'cats'}.")


def stored_uri(uri: str | os.PathLike[str]) -> str:
    """The URI in the index of an image that is named by its URI or by its path."""
    text = os.fspath(uri)
    return text if "://" in text else local_uri(Path(text).expanduser())


def reason_of(reason: str | None) -> Reason | None:
    """Raises BadSetting for a text that names no reason."""
    try:
        return None if reason is None else Reason(reason)
    except ValueError:
        raise BadSetting(f"There is no reason {reason!r}.", f"The reasons are {', '.join(Reason)}.") from None
