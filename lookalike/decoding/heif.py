"""Reduces an HEIF (HEIC) to its primary image: colours and opacity, coded as HEVC (ISO 23008-12).

Phones add thumbnails, depth, gain maps, further images and a film; libheif would look at all of them.
"""

from lookalike.decoding import cicp, hevc
from lookalike.decoding.boxes import Box, number
from lookalike.decoding.encoded import Encoded, Parts, too_much
from lookalike.decoding.heif_items import MAX_TABLE_BYTES, META, Items, Reference, bounded, read, type_at
from lookalike.decoding.profiles import MAX_PROFILE_BYTES
from lookalike.decoding.taken import MOST_EXIF_BYTES, taken_in_item
from lookalike.errors import ImageRejected
from lookalike.records import Reason

#: A file turns, mirrors and crops its image, each once; libheif goes over the image every time.
MAX_TRANSFORMATIONS = 3

_CODED = frozenset({b"hvc1", b"hev1"})
_GRID, _SAME = b"grid", b"iden"
#: To the sources of an item, and from its opacity; of colours that are multiplied with it.
_REFERENCES = frozenset({b"dimg", b"auxl", b"prem"})
_TRANSFORMATIONS = frozenset({b"irot", b"imir", b"clap"})
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_ICC = (b"prof", b"rICC")
#: Images in a file, at most: colours and opacity. A grid's tiles make one.
_IMAGES = 2
#: Bytes of a decoded pixel, doubled, up to which libheif stays below 13 bytes a pixel. Above, for more than 8 bits
#: without subsampling, or at half resolution with opacity, it needs 20, and a pixel counts for as many more.
_USUAL_HALF_BYTES, _WEIGHT = 10, (20, 13)
#: The sides of the largest block of a stream.
_BLOCK = 64
#: What a decoder passes over: a box, and an item or a reference.
_FREE, _SKIPPED = b"free", b"skip"
#: Brands of sequences, and of any still image (ISO 23008-12, 10.2 and 10.3).
_SEQUENCES, _STILL = frozenset({b"msf1", b"hevc", b"hevx", b"hevm", b"hevs"}), b"mif1"


def reduced(data: bytes) -> Encoded:
    """The HEIF with its primary image only. libheif turns it as its own boxes say; EXIF does not count (ISO 23008-12,
    6.5.10), but for when the photograph was taken, and is left out.

    Raises ImageRejected: `bomb` for too many boxes, pixels or transformations, `unsupported` for another coding.
    """
    items = read(data)
    coloured = _parts(items, items.primary)
    opaque = next((_parts(items, id) for id in items.items if _is_opacity(items, id)), [])
    for id in {*coloured, *opaque}:
        names = [box.name for box in items.associated.get(id, ())]
        if sum(name in _TRANSFORMATIONS for name in names) > MAX_TRANSFORMATIONS:
            raise too_much(f"more than {MAX_TRANSFORMATIONS} transformations of an image")
    sizes = [_size(items, id) for id in (*coloured[:1], *opaque[:1])]
    claimed = max(_claimed(items, coloured, opaque), *(width * height for width, height in sizes))
    kept = _rewritten(items, {*coloured, *opaque})
    taken_at_ms = taken_in_item(items.beginning(b"Exif", MOST_EXIF_BYTES))
    # Only 1: libheif has turned it.
    return Encoded("HEIF", kept, sizes[0], 1, _profile(items, coloured), claimed, taken_at_ms)


def _claimed(items: Items, coloured: list[int], opaque: list[int]) -> int:
    """The pixels that libheif allocates, where one that takes more bytes than usual counts for more."""
    units = Parts("units of streams")
    pixels: list[int] = []
    half_bytes = 0
    for ids in (coloured, opaque):
        claims = [
            (_size(items, id), hevc.claim(items.property(id, b"hvcC"), items.content(id), units))
            for id in ids
            if items.kind(id) in _CODED
        ]
        if len({claim.form for _, claim in claims}) > 1:
            raise ImageRejected(Reason.CORRUPT, "tiles of different forms")
        pixels += (_pixels(size, claim) for size, claim in claims)
        half_bytes += sum(claim.form.half_bytes for _, claim in claims[:1])
    claimed = max(0, *pixels, sum(pixels) // _IMAGES)
    return claimed if half_bytes <= _USUAL_HALF_BYTES else claimed * _WEIGHT[0] // _WEIGHT[1]


def _pixels(size: tuple[int, int], claim: hevc.Claim) -> int:
    """A stream has whole blocks, of which the last ones are cut off."""
    is_cut = all(side <= -(-own // _BLOCK) * _BLOCK for side, own in zip(claim[:2], size, strict=True))
    width, height = size if is_cut else claim[:2]
    return width * height


def _parts(items: Items, id: int) -> list[int]:
    """The item, and those that its pixels come from."""
    kind = items.kind(id)
    if kind in _CODED:
        return [id]
    sources = list(items.referred(b"dimg", id))
    if kind == _SAME and len(sources) == 1 and items.kind(sources[0]) in {*_CODED, _GRID}:
        return [id, *_parts(items, sources[0])]
    if kind == _GRID and sources and all(items.kind(source) in _CODED for source in sources):
        if len(set(sources)) < len(sources):
            # libheif refuses it too, but a tile would be looked at as often as it is named.
            raise ImageRejected(Reason.CORRUPT, "HEIF: a grid names a tile twice")
        return [id, *sources]
    named = kind.decode("latin-1").strip() or "missing"
    raise ImageRejected(Reason.UNSUPPORTED, f"HEIF: its image is of the kind {named!r}; only HEVC is supported")


def _is_opacity(items: Items, id: int) -> bool:
    kind = items.property(id, b"auxC")[4:].split(b"\0", 1)[0]
    return kind in _ALPHA and items.primary in items.referred(b"auxl", id)


def _size(items: Items, id: int) -> tuple[int, int]:
    """Width and height as stored: of a grid, those of its canvas (6.6.2.3.2)."""
    if items.kind(id) == _SAME:
        return _size(items, items.referred(b"dimg", id)[0])
    if items.kind(id) == _GRID:
        content = bytes(items.content(id)[:12])
        side = 4 if content[1] & 1 else 2
        width, at = number(content, 4, side)
        return width, number(content, at, side)[0]
    spatial = items.property(id, b"ispe")
    return int.from_bytes(spatial[4:8]), int.from_bytes(spatial[8:12])


def _profile(items: Items, parts: list[int]) -> bytes:
    """The ICC profile of the first part that has colours, else one that is made of their codes."""
    for id in parts:
        colours = [box for box in items.associated.get(id, ()) if box.name == b"colr"]
        contents = [items.data[box.start : min(box.end, box.start + MAX_PROFILE_BYTES + 5)] for box in colours]
        icc = next((content[4:] for content in contents if content[:4] in _ICC), b"")
        codes = next((content[4:] for content in contents if content[:4] == b"nclx"), b"")
        if icc or codes:
            return icc or cicp.profile(int.from_bytes(codes[:2]), int.from_bytes(codes[2:4]))
    return b""


def _rewritten(items: Items, kept: set[int]) -> bytes:
    """The file, in which every other box, item and reference has a type that decoders pass over."""
    unused = [box for box in items.top if box.name not in (b"ftyp", b"meta", b"mdat")]
    unused += [box for box in items.meta if box.name not in META]
    for box in items.properties:
        if box.name == b"colr" and items.data[box.start : box.start + 4] in _ICC:
            unused.append(box)
        else:
            bounded(items.data, box)
    types = {type_at(items.data, box): _FREE for box in unused}
    types |= {item.at: _SKIPPED for id, item in items.items.items() if id not in kept}
    types |= {reference.at: _SKIPPED for reference in items.references if not _is_used(reference, kept)}
    types |= _brands(items)
    view, end = memoryview(items.data), 0
    pieces: list[bytes | memoryview] = []
    for at, name in sorted(types.items()):
        pieces += [view[end:at], name]
        end = at + len(name)
    return b"".join((*pieces, view[end:]))


def _is_used(reference: Reference, kept: set[int]) -> bool:
    return reference.kind in _REFERENCES and reference.source in kept


def _brands(items: Items) -> dict[int, bytes]:
    """Instead of brands that promise a sequence, which is left out."""
    brands = next((box for box in items.top if box.name == b"ftyp"), Box(b"", 0, 0))
    places = range(brands.start, min(brands.end, brands.start + MAX_TABLE_BYTES), 4)
    return {at: _STILL for at in places if items.data[at : at + 4] in _SEQUENCES}
