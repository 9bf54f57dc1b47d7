"""`lookalike.open`: makes a handle from the environment and from keywords."""

from difflib import get_close_matches
from typing import Any

from lookalike.errors import BadSetting
from lookalike.image_index.arguments import check_values
from lookalike.image_index.handle import ImageIndex
from lookalike.settings import Settings, read_settings
from lookalike.shown import shown


def open(index: str | None = None, **settings: Any) -> ImageIndex:
    """Open a handle on the index named `index`, whether it exists or not. Starts no process and sends no request.

    Settings come from LOOKALIKE_* variables and .env, as for every command. A keyword overrides the setting of its
    name: `model="resnet50"`, `home="~/lookalike"`. With nothing configured, the index is a folder under the home, and
    the first ingest starts a private Redis and a worker, which end when the handle is closed.

    Raises BadSetting for an unknown setting or a value that cannot be used, ModelUnavailable for a model whose file
    is missing.
    """
    _check_names(settings)
    check_values({**settings, "index": index})
    handle = ImageIndex(read_settings(index=index, **settings), chosen=_chosen(index, settings))
    handle.check()
    return handle


def _check_names(settings: dict[str, Any]) -> None:
    for name in settings:
        if name not in Settings.model_fields:
            close = get_close_matches(name, Settings.model_fields, n=1)
            advice = f"Did you mean {close[0]!r}?" if close else "docs/reference/settings.md lists the settings."
            raise BadSetting(f"There is no setting {shown(name)}.", advice)


def _chosen(index: str | None, settings: dict[str, Any]) -> frozenset[str]:
    """The names of the settings that the caller gave."""
    named = {name for name, value in settings.items() if value is not None}
    return frozenset(named if index is None else {*named, "index"})
