"""What files of our own have in common that can be read from anywhere."""

import io


class PositionedFile(io.RawIOBase):
    """A file of `size_bytes` with a position, `_at`; what reads from there is left to the class."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size_bytes}[whence]
        if base + offset < 0:
            raise ValueError("a position before the start")
        self._at = base + offset
        return self._at
