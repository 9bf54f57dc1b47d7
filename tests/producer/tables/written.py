"""Tables for tests, and what is found in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lookalike.records import ImageRef, Reason
from lookalike_producer.refused import RefusedReference
from lookalike_producer.sources import find_images
from lookalike_producer.tables.options import TableOptions


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(*sources: object, **columns: Any) -> list[ImageRef]:
    """The references of the sources, with `TableOptions(**columns)`."""
    return list(find_images([str(source) for source in sources], tables=TableOptions(**columns)))


def images(*sources: object, **columns: Any) -> dict[str, tuple[str | None, dict[str, Any]]]:
    """Label and metadata of each image that is no rejected row, by uri."""
    found = [ref for ref in read(*sources, **columns) if not isinstance(ref, RefusedReference)]
    assert len({ref.uri for ref in found}) == len(found)
    return {ref.uri: (ref.label, dict(ref.metadata)) for ref in found}


def refused(refs: Sequence[ImageRef]) -> dict[str, tuple[Reason, str]]:
    """Reason and detail of each rejected row, by what stands behind the `#` of its uri."""
    rows = [ref for ref in refs if isinstance(ref, RefusedReference)]
    return {ref.uri.rpartition("#")[2]: (ref.reason, ref.detail) for ref in rows}
