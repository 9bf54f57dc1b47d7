"""Single images on web hosts."""

from dataclasses import dataclass

from lookalike.errors import SourceMissing
from lookalike.records import ImageRef, Reason
from lookalike.shown import shown
from lookalike.uris import image_url, without_credentials
from lookalike_producer.refused import RefusedReference


@dataclass(frozen=True)
class WebImage:
    """The image at a URL, which has the one form of it."""

    url: str


def placed_on_web(source: str) -> WebImage:
    """Raises SourceMissing for a URL that names nothing, or that holds credentials."""
    try:
        return WebImage(image_url(source))
    except ValueError as error:
        what = f"{shown(without_credentials(source))} cannot be read: {error}."
        raise SourceMissing(what, "Give the address of one image, such as https://host/a.jpg.") from error


def web_reference(url: str) -> ImageRef:
    """The reference of a listed URL, refused if it names nothing. The folders of a web host are no labels."""
    try:
        return ImageRef(image_url(url))
    except ValueError as error:
        return RefusedReference(without_credentials(url), reason=Reason.BAD_URI, detail=str(error))
