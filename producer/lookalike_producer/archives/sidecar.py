"""What the members beside an image say of it: fields from a .json, a caption from a .txt, a label from a .cls."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from lookalike.metadata import INTEGERS, MAX_TEXT, MAX_VALUES, field_name
from lookalike.records import Metadata, MetadataValue

#: Ends of names, after the last dot and in lower case, of members that are no images.
SIDECARS = frozenset({"json", "txt", "cls"})
#: The field for the text of a .txt, as img2dataset calls it.
CAPTION = "caption"
#: A label is a name.
MAX_LABEL = 1000
#: Fields that are looked at; an index has fewer, which somebody may choose.
MOST_FIELDS = 1000


@dataclass
class Sidecars:
    """The sidecars of one key, by the end of their names. `fault` is why one of them cannot be read."""

    contents: dict[str, bytes] = field(default_factory=dict)
    fault: str = ""

    def add(self, extension: str, content: bytes | None, size_bytes: int) -> None:
        if content is None or len(content) < size_bytes:
            self.fault = f"the .{extension} beside it is too large or broken ({size_bytes} bytes)"
        elif content:
            # The last one counts, as with images.
            self.contents[extension] = content

    @property
    def has_any(self) -> bool:
        return bool(self.contents or self.fault)

    @property
    def bytes(self) -> int:
        return sum(map(len, self.contents.values()))

    def label(self) -> str | None:
        """The label in the .cls, a number or a text. Raises ValueError, with a short text."""
        text = self._text("cls").strip()
        if len(text) > MAX_LABEL:
            raise ValueError(f"the label in the .cls has {len(text)} characters")
        return text or None

    def metadata(self) -> Metadata:
        """The fields of the .json, and the caption. Raises ValueError, with a short text."""
        if self.fault:
            raise ValueError(self.fault)
        fields: dict[str, MetadataValue] = {}
        for name, value in self._json():
            if len(fields) < MOST_FIELDS and (held := _held(value)) is not None:
                fields.setdefault(field_name(name), held)
        if caption := self._text("txt").strip()[:MAX_TEXT]:
            fields.setdefault(CAPTION, caption)
        return fields

    def _text(self, extension: str) -> str:
        try:
            return self.contents.get(extension, b"").decode("utf-8-sig").replace("\0", "")
        except UnicodeDecodeError as error:
            raise ValueError(f"the .{extension} beside it is not UTF-8") from error

    def _json(self) -> Iterator[tuple[str, Any]]:
        if "json" not in self.contents:
            return
        try:
            value = orjson.loads(self.contents["json"].removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as error:
            raise ValueError(f"the .json beside it is not JSON: {str(error)[:100]}") from error
        if not isinstance(value, dict):
            raise ValueError("the .json beside it holds no fields")
        yield from value.items()


def split(name: str) -> tuple[str, str]:
    """The key of a member, which is its path up to the first dot of its base name, and the end behind the last dot."""
    dot = name.find(".", name.rfind("/") + 1)
    return (name, "") if dot < 0 else (name[:dot], name[name.rfind(".") + 1 :].lower())


def _held(value: Any) -> MetadataValue | None:
    """The value as a field holds it; None for what no field can hold: nothing, nested JSON, very long texts."""
    if isinstance(value, list):
        values = [item for item in value[: MAX_VALUES + 1] if item is not None]
        kinds = {type(item) for item in values}
        is_flat = len(values) <= MAX_VALUES and len(kinds) == 1 and kinds <= {str, int, float, bool}
        held = [_held(item) for item in values] if is_flat else []
        return None if not held or None in held else held  # type: ignore[return-value]
    if isinstance(value, str):
        return value if 0 < len(value) <= MAX_TEXT else None
    if isinstance(value, int) and not isinstance(value, bool) and value not in INTEGERS:
        return float(value)
    return value if isinstance(value, bool | int | float) else None
