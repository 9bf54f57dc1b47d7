"""Which share of the images of some sources is so large that a sync asks before it takes something from them."""

import math

from lookalike.plural import counted

#: So many images are changed without a question, unless they are more than half of all.
FEW = 10
#: The share of the images in the sources' scope above which somebody has to agree; up to FEW images, the half.
SHARE, SHARE_OF_FEW = 0.1, 0.5


def is_large(count: int, documents: int) -> bool:
    """Whether it is more than a tenth of the images; up to 10 images, more than half."""
    return count > documents * _limit(count)


def harmless_among(count: int) -> int:
    """The number of images of which these are no large share."""
    return math.ceil(count / _limit(count))


def share_of(count: int, documents: int) -> str:
    """Both numbers and the share, such as "8 of 14 images (57%)"."""
    return f"{count:,} of {counted(documents, 'image')} ({count / max(1, documents):.0%})"


def _limit(count: int) -> float:
    return SHARE if count > FEW else SHARE_OF_FEW
