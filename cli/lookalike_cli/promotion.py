"""`lookalike index promote` and `rollback`: choose the version of an index that searches use."""

from typing import Annotated

import typer

from lookalike.errors import BadSetting
from lookalike.factories import is_model_chosen
from lookalike.index import index_of
from lookalike.settings import Settings, read_settings
from lookalike.shown import as_argument
from lookalike_cli.console import print_json, remark
from lookalike_cli.options import IndexName, Json
from lookalike_producer import promotion
from lookalike_producer.promotion import Promotion

Physical = Annotated[str | None, typer.Argument(metavar="VERSION", help="A version; default: the newest.")]
Force = Annotated[
    bool, typer.Option("--force", help="Do not compare the two versions, and do not look for running jobs.")
]


def promote(physical: Physical = None, index: IndexName = None, force: Force = False, json: Json = False) -> None:
    """Switch searches to another version of an index, in one step."""
    settings = read_settings(index=_index(physical, index))
    _show(settings, promotion.promote(settings, physical, force=force), json=json)


def roll_back(index: IndexName = None, force: Force = False, json: Json = False) -> None:
    """Switch searches back to the previous version of an index."""
    settings = read_settings(index=index)
    _show(settings, promotion.roll_back(settings, force=force), json=json)
    remark("What changed since it was replaced is not in it: `lookalike sync` brings it up to date.")


def _index(physical: str | None, index: str | None) -> str | None:
    """The index that a version belongs to. Raises BadSetting if --index names another one."""
    if physical is None:
        return index
    if index not in (None, index_of(physical)):
        raise BadSetting(f"{physical} is not a version of index {index}.", "Give either VERSION or --index.")
    return index_of(physical)


def _show(settings: Settings, done: Promotion, *, json: bool) -> None:
    version = done.version
    remark(f"Index {settings.index} now points to {version.version} ({version.model}); before, to {done.before}.")
    if is_model_chosen(settings):
        remark(f"Ingest with this model from now on: LOOKALIKE_MODEL={as_argument(version.model.name)}, or unset it.")
    if json:
        print_json(
            {
                "name": settings.index,
                "physical": version.version,
                "before": done.before,
                "model": version.model.name,
                "fingerprint": version.model.fingerprint,
            }
        )
