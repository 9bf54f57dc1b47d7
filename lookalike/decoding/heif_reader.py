"""Shows an HEIF to Pillow. Nothing else imports libheif, and only when such a file comes."""

from typing import TYPE_CHECKING, Any

from PIL.ImageFile import ImageFile

if TYPE_CHECKING:
    from PIL._imaging import PixelAccess


class HeifFile(ImageFile):
    """Takes what `heif.reduced` leaves of a file, which is one image."""

    format = "HEIF"
    format_description = "High Efficiency Image File Format"
    #: An image of pi_heif, until its pixels are decoded.
    _coded: Any = None

    def _open(self) -> None:
        import pi_heif

        pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False
        # There is one worker process per core, so threads would only compete with the other processes.
        pi_heif.options.DECODE_THREADS = 1
        assert self.fp is not None
        # Of deep pixels, the upper 8 bits are enough for what is made of the image.
        images = pi_heif.HeifFile(self.fp.read(), convert_hdr_to_8bit=True, remove_stride=False)
        self._coded = images[images.primary_index]
        self._size, self._mode = self._coded.size, self._coded.mode
        self.tile = []

    def load(self) -> "PixelAccess | None":
        """Decode the image once."""
        if self._coded is not None:
            # The pixels belong to it.
            coded, self._coded = self._coded, None
            coded.load()
            if coded.size != self._size:
                raise ValueError(f"{coded.size} pixels instead of {self._size}")
            self.load_prepare()
            self.frombytes(coded.data, "raw", (coded.mode, coded.stride))
        return super().load()
