"""The tables of an HEIF: its items, what they refer to, and their properties (ISO 14496-12, 8.11; ISO 23008-12)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lookalike.decoding.boxes import MAX_EXTENTS, Box, Extent, boxes, extents, number
from lookalike.decoding.encoded import Parts, too_much
from lookalike.errors import ImageRejected
from lookalike.records import Reason

#: Items and properties of one file; a grid has an item for each tile, and one of 200 megapixels 768.
MAX_BOXES = 4000
#: Bytes of a table with an entry for each item, and of a property.
MAX_TABLE_BYTES = 2**15

#: The boxes in `meta` that are used.
META = frozenset({b"hdlr", b"pitm", b"iloc", b"iinf", b"iref", b"iprp", b"idat"})


@dataclass(frozen=True)
class Item:
    """The type of an item, and where its entry has it."""

    kind: bytes
    at: int


@dataclass(frozen=True)
class Reference:
    """From an item to others, and where its type stands."""

    kind: bytes
    source: int
    targets: tuple[int, ...]
    at: int


@dataclass
class Items:
    """`top`, `meta`: the boxes of the file and of its `meta`. `properties`: in the order of the file; `associated`:
    item -> its properties; `places`: item -> where its bytes are. `inline`: where `idat` starts."""

    data: bytes
    top: list[Box] = field(default_factory=list)
    meta: list[Box] = field(default_factory=list)
    primary: int = 0
    items: dict[int, Item] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    properties: list[Box] = field(default_factory=list)
    associated: dict[int, list[Box]] = field(default_factory=dict)
    places: dict[int, list[Extent]] = field(default_factory=dict)
    inline: int = 0

    def kind(self, id: int) -> bytes:
        return self.items[id].kind if id in self.items else b""

    def referred(self, kind: bytes, id: int) -> tuple[int, ...]:
        """The items that an item refers to."""
        return next((found.targets for found in self.references if (found.kind, found.source) == (kind, id)), ())

    def property(self, id: int, name: bytes) -> bytes:
        """The content of the first property of this type; nothing if the item has none."""
        found = (box for box in self.associated.get(id, ()) if box.name == name)
        return next((self.data[box.start : box.end] for box in found), b"")

    def content(self, id: int) -> bytes | memoryview:
        """The bytes of an item; copied only if they lie in several places. Raises ValueError if the file is cut."""
        view = memoryview(self.data)
        pieces = [view[start : start + part.length] for part in self.places.get(id, ()) for start in self._start(part)]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def beginning(self, kind: bytes, most_bytes: int) -> bytes:
        """The first bytes of the first item of this type, as far as they lie in one place; nothing without one."""
        id = next((id for id, item in self.items.items() if item.kind == kind), None)
        for part in self.places.get(id, ())[:1] if id is not None else ():
            start = part.offset + (self.inline if part.method == 1 else 0)
            return self.data[start : start + min(part.length, most_bytes)]
        return b""

    def _start(self, part: Extent) -> Iterator[int]:
        if part.is_cut:
            raise ValueError("truncated: the file ends in its image")
        if part.method > 1:
            raise ImageRejected(Reason.UNSUPPORTED, "an item that is made of other items")
        yield part.offset + (self.inline if part.method else 0)


def read(data: bytes) -> Items:
    """Raises ImageRejected: `bomb` for more than MAX_BOXES boxes, tables of more than MAX_TABLE_BYTES, or items that
    are larger than the file; `unsupported` for a file without a still image. IndexError, ValueError if it is broken."""
    parts = Parts("boxes", MAX_BOXES)
    found = Items(data, top=list(boxes(data, 0, len(data), parts, {})))
    meta = _only(found.top, b"meta")
    if meta is None:
        raise ImageRejected(Reason.UNSUPPORTED, "HEIF: a sequence without a still image")
    found.meta = list(boxes(data, meta.start + 4, meta.end, parts, {}))
    primary, inline = _only(found.meta, b"pitm"), _only(found.meta, b"idat")
    if primary is None:
        raise ValueError("no image is the primary one")
    found.primary = number(data, primary.start + 4, 4 if data[primary.start] else 2)[0]
    found.inline = inline.start if inline else 0
    _read_items(found, parts)
    _read_references(found)
    _read_properties(found, parts)
    for part in extents(data, _table(found, b"iloc"), Parts("parts of items", MAX_EXTENTS)):
        found.places.setdefault(part.item, []).append(part)
    if sum(part.length for places in found.places.values() for part in places) > 2 * len(data):
        raise too_much("its items are larger than the file")
    return found


def _only(found: list[Box], name: bytes) -> Box | None:
    """A decoder could take another one of two."""
    named = [box for box in found if box.name == name]
    if len(named) > 1:
        raise ValueError(f"two boxes of the type {name.decode('latin-1')}")
    return named[0] if named else None


def _table(found: Items, name: bytes) -> bytes:
    box = _only(found.meta, name)
    return bounded(found.data, box) if box else b"\0" * 8


def bounded(data: bytes, box: Box) -> bytes:
    """The content of a small box."""
    if box.end - box.start > MAX_TABLE_BYTES:
        raise too_much(f"a table of {box.end - box.start} bytes; at most {MAX_TABLE_BYTES} are read")
    return data[box.start : box.end]


def type_at(data: bytes, box: Box) -> int:
    """Where a box has its type; 8 bytes of a length may follow."""
    at = box.start - 4
    return at if data[at : box.start] == box.name else at - 8


def _read_items(found: Items, parts: Parts) -> None:
    table = _only(found.meta, b"iinf")
    if table is None:
        raise ValueError("no items")
    start = table.start + (8 if found.data[table.start] else 6)
    for name, at, _ in boxes(found.data, start, table.end, parts, {}):
        if name == b"infe":
            id_bytes = 4 if found.data[at] > 2 else 2
            place = at + 6 + id_bytes
            id = number(found.data, at + 4, id_bytes)[0]
            if id in found.items:
                raise ValueError("two items with one number")
            found.items[id] = Item(found.data[place : place + 4], place)


def _read_references(found: Items) -> None:
    outer = _only(found.meta, b"iref")
    if outer is None:
        return
    table, data = bounded(found.data, outer), found.data
    id_bytes = 4 if table[0] else 2
    for name, start, end in boxes(data, outer.start + 4, outer.end, Parts("references", MAX_BOXES), {}):
        source, at = number(data, start, id_bytes)
        count, at = number(data, at, 2)
        ends = range(at, min(end, at + count * id_bytes), id_bytes)
        targets = tuple(number(data, place, id_bytes)[0] for place in ends)
        found.references.append(Reference(name, source, targets, type_at(data, Box(name, start, end))))


def _read_properties(found: Items, parts: Parts) -> None:
    outer = _only(found.meta, b"iprp")
    inner = list(boxes(found.data, outer.start, outer.end, parts, {})) if outer else []
    container = _only(inner, b"ipco")
    if container is not None:
        found.properties = list(boxes(found.data, container.start, container.end, parts, {}))
    for box in inner:
        if box.name == b"ipma":
            _associate(found, bounded(found.data, box))


def _associate(found: Items, table: bytes) -> None:
    entries, at = number(table, 4, 4)
    id_bytes, index_bytes = (4 if table[0] else 2), (2 if table[3] & 1 else 1)
    for _ in range(min(entries, len(table))):
        id, at = number(table, at, id_bytes)
        count, at = number(table, at, 1)
        for _ in range(count):
            index, at = number(table, at, index_bytes)
            # The highest bit says that a decoder must know the property; they are counted from 1.
            index &= 0x7FFF if index_bytes == 2 else 0x7F
            if 0 < index <= len(found.properties):
                found.associated.setdefault(id, []).append(found.properties[index - 1])
