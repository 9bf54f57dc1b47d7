"""Reads the parts named `image` and `query` of a multipart/form-data body (RFC 7578), in memory."""

from collections.abc import Iterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

from lookalike.plural import counted

#: The names of the parts that are read.
IMAGE, QUERY = b"image", b"query"
#: Parts of any name; no real form has more.
MAX_PARTS = 100
#: Text before the first boundary, which readers skip (RFC 2046, 5.1.1); no real form has more.
MAX_PREAMBLE_BYTES = 64 * 1024


class ImageForm:
    """The parts named `image`, and the one named `query`, fed piece by piece; other parts are skipped. Every method
    raises HTTPException 400.

    Not Starlette's `request.form()`: that decodes a part without a file name as text, which destroys an image's bytes,
    copies larger parts to disk, and accepts a body that ends before its last boundary.
    """

    def __init__(self, content_type: bytes, max_images: int) -> None:
        self._max_images = max_images
        self._images: list[bytearray] = []
        self._query: bytearray | None = None
        #: Where the part that arrives now goes.
        self._part: bytearray | None = None
        self._parts = 0
        self._is_complete = False
        self._header = self._value = b""
        self._disposition = b""
        #: What has arrived, until the first boundary has.
        self._begin: bytearray | None = bytearray(b"\r\n")
        callbacks = {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_to_header,
            "on_header_value": self._add_to_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add_data,
            "on_end": self._end,
        }
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary:
            raise HTTPException(400, "The form's boundary is missing in Content-Type.")
        self._first = b"--" + boundary
        try:
            self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except FormParserError as error:
            raise _malformed(error) from error

    def feed(self, piece: bytes) -> None:
        try:
            self._parser.write(self._without_preamble(piece))
        except FormParserError as error:
            raise _malformed(error) from error

    def finish(self) -> tuple[list[bytes], bytes | None]:
        """The images, in the order of the form, and the query. There is at least one of them."""
        if not self._is_complete:
            raise HTTPException(400, "The form ends before its last boundary.")
        if not self._images and self._query is None:
            raise HTTPException(400, "The form has no part named image.")
        return list(self._take_images()), None if self._query is None else bytes(self._query)

    def _without_preamble(self, piece: bytes) -> bytes:
        """From the first boundary on; nothing until it has arrived."""
        if self._begin is None:
            return piece
        self._begin += piece
        at = self._begin.find(b"\r\n" + self._first)
        if at < 0 and len(self._begin) <= MAX_PREAMBLE_BYTES:
            return b""
        # Without a boundary, the parser says what is wrong. The first two bytes are those that it puts before the form.
        begin, self._begin = bytes(self._begin[max(at, 0) + 2 :]), None
        return begin

    def _take_images(self) -> Iterator[bytes]:
        """Copies and frees one image after the other, so that memory never holds all of them twice."""
        for position, image in enumerate(self._images):
            self._images[position] = bytearray()
            yield bytes(image)

    def _begin_part(self) -> None:
        self._parts += 1
        self._disposition = self._header = self._value = b""
        self._part = None
        if self._parts > MAX_PARTS:
            raise HTTPException(400, f"The form has more than {MAX_PARTS} parts.")

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _end_headers(self) -> None:
        name = parse_options_header(self._disposition)[1].get(b"name")
        if name == IMAGE:
            self._part = bytearray()
            self._images.append(self._part)
            if len(self._images) > self._max_images:
                raise HTTPException(400, f"Send at most {counted(self._max_images, 'part')} named image.")
        elif name == QUERY:
            if self._query is not None:
                raise HTTPException(400, "The form has more than one part named query.")
            self._part = self._query = bytearray()

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._part is not None:
            self._part += data[start:end]

    def _end(self) -> None:
        self._is_complete = True


def _malformed(error: FormParserError) -> HTTPException:
    return HTTPException(400, f"The form cannot be read: {error}")
