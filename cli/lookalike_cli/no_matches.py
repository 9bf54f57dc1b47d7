"""Says why a search found nothing."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from difflib import get_close_matches
from unicodedata import normalize

from lookalike import ImageIndex, factories
from lookalike.filters import Condition, Operator
from lookalike.shown import as_argument

ONE_OF = Operator.ONE_OF
#: Labels of the index among which a similar one is looked for: the most frequent ones.
LABELS = 1000


def why_none(images: ImageIndex, filters: Sequence[Condition], *, is_stored: bool) -> str:
    """Why there are no matches; `is_stored` if the query is a stored image, which is not among its own matches."""
    # The query service has its own index, which the local settings may not name.
    is_local = images.settings.api_url is None
    if not filters:
        count = images.count() if is_local else -1
        return {0: "No matches: the index is empty.", 1: "No matches: no other image is stored."}.get(
            count, "No matches."
        )
    given = " and ".join(map(str, filters))
    reason = f"No matches: no {'other ' if is_stored else ''}stored image has {given}."
    labels = [value for item in filters if item.field == "name" and item.operator is ONE_OF for value in item.values]
    if len(labels) != 1 or not is_local:
        return reason
    with closing(factories.open_index(images.settings)) as index:
        return reason + similar(str(labels[0]), index.labels(LABELS))


def similar(label: str, known: Iterable[str]) -> str:
    """A sentence that names a label which was probably meant; "" if there is none, or the label itself is known."""
    names = list(known)
    if label in names:
        return ""
    # A Mac writes accents as characters of their own: both names look the same.
    same = [name for name in names if normalize("NFC", name) == normalize("NFC", label)]
    near = same or get_close_matches(label, names, n=1)
    if not near:
        return ""
    why = ", which is the same in another Unicode form" if same else ""
    return f" Did you mean --filter {as_argument(f'label={near[0]}')}{why}?"
