"""Raws of Olympus (ORF): TIFFs with another mark; the maker note names a preview (ExifTool, table of Olympus)."""

from lookalike.decoding.encoded import Encoded
from lookalike.decoding.raw import embedded
from lookalike.decoding.taken import taken_of
from lookalike.decoding.tiff_directories import Directory, File, directories, opened, orientation_in

_EXIF, _MAKER_NOTE = 34665, 37500
#: How the note begins -> bytes before its first directory; offsets count from the start of the note.
_NOTES = {b"OLYMPUS\0": 12, b"OM SYSTEM\0": 16}
#: The directory of camera settings; in it, where the preview is.
_SETTINGS, _START, _LENGTH = 0x2020, 0x0101, 0x0102


def reduced(data: bytes) -> Encoded:
    """The preview. Raises ImageRejected (`unsupported`) if it is not of full size."""
    found = directories(opened(data))
    places = [place for directory in found for place in _in_note(directory)]
    wanted = max(max(directory.size) for directory in found)
    return embedded(data, places, wanted, orientation_in(found[0]), taken_of(data))


def _in_note(first: Directory) -> list[tuple[int, int]]:
    """Offset and length of the preview that the maker note names."""
    for exif in _below(first.file, first.value(_EXIF)):
        note = exif.entries.get(_MAKER_NOTE)
        if note is None:
            continue
        content = first.file.data[note.at : note.at + note.count]
        before = next((size for start, size in _NOTES.items() if content.startswith(start)), 0)
        for settings in _settings(File(content, first.file.order, False), before):
            return [(note.at + settings.value(_START), settings.value(_LENGTH))]
    return []


def _settings(note: File, start: int) -> list[Directory]:
    outer = _below(note, start) if start else []
    entry = outer[0].entries.get(_SETTINGS) if outer else None
    if entry is None:
        return []
    # Older cameras have the directory itself there, newer ones its offset.
    return _below(note, entry.at if entry.type == 7 else outer[0].value(_SETTINGS))


def _below(file: File, at: int) -> list[Directory]:
    return directories(file, at)[:1] if 0 < at < len(file.data) else []
