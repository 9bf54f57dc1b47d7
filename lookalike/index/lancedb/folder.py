"""Where an embedded index lies; loads no database."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from lookalike.errors import BadSetting


def folder_of(url: str) -> Path:
    """The folder of a `lancedb:///path` URL. Raises BadSetting unless the path is absolute."""
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.netloc or not path.is_absolute():
        raise BadSetting(f"{url!r} names no absolute folder.", "Write lancedb:///absolute/path.")
    return path
