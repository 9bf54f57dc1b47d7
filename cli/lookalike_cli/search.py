"""`lookalike search`: the stored pictures most like a given one."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Protocol

import typer

from lookalike.errors import BadSetting, ImageRejected, SourceMissing
from lookalike.records import Match, document_id
from lookalike.settings import Settings, read_settings
from lookalike.storage import Storage, local_uri
from lookalike_cli.console import print_json, results, table
from lookalike_cli.options import Filters, IndexName, Json, ModelName, Neighbours, Preprocessing, Weights

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


class Searching(Protocol):
    """Whoever answers, best first."""

    def like_image(self, data: bytes, k: int, filters: Mapping[str, str]) -> list[Match]: ...

    def like_stored(self, id: str, k: int, filters: Mapping[str, str]) -> list[Match]: ...


@app.command()
def search(
    image: Annotated[Path | None, typer.Argument(help="A picture.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="The id of a stored picture instead.")] = None,
    uri: Annotated[str | None, typer.Option("--uri", help="The path or URL of a stored picture instead.")] = None,
    k: Neighbours = 10,
    filter: Filters = None,
    index: IndexName = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    json: Json = False,
) -> None:
    """Find the stored pictures most like a picture, or like a stored one."""
    if sum(given is not None for given in (image, id, uri)) != 1:
        raise typer.BadParameter("give one of IMAGE, --id and --uri")
    filters = _parsed(filter or [])
    chosen = {"index": index, "model": model, "weights": weights, "preprocessing": preprocessing}
    settings = read_settings(**chosen)
    given = [f"--{name}" for name, value in chosen.items() if value is not None]
    searcher = _opened(settings, given, needs_model=image is not None)
    began = time.perf_counter()
    if image is not None:
        matches = _like_file(searcher, image, k, filters, settings)
    else:
        matches = searcher.like_stored(id or document_id(_stored_uri(uri or "")), k, filters)
    took_ms = round((time.perf_counter() - began) * 1000, 1)
    if json:
        print_json({"matches": [asdict(match) for match in matches], "took_ms": took_ms})
    else:
        show(matches)


def show(matches: list[Match]) -> None:
    rows = [(match.score, match.name or "", match.uri) for match in matches]
    results.print(table("score", "label", "picture", rows=rows) if rows else "Nothing is like it: the index is empty.")


def _opened(settings: Settings, chosen: list[str], *, needs_model: bool) -> Searching:
    """What answers: the query service, or this process. Only what is needed is loaded."""
    if settings.api_url is None:
        from lookalike_api.wiring import open_searcher

        return open_searcher(settings, preload=needs_model)
    if chosen:
        what = f"{', '.join(chosen)} cannot be chosen here: the query service of LOOKALIKE_API_URL has its own."
        raise BadSetting(what, "Leave it out, or unset LOOKALIKE_API_URL to search without the service.")
    from lookalike_cli.remote import RemoteSearcher, open_client

    return RemoteSearcher(open_client(settings))


def _like_file(searcher: Searching, image: Path, k: int, filters: dict[str, str], settings: Settings) -> list[Match]:
    # The user's own file, named by the user: no root but the whole disk.
    storage = Storage(roots=(Path("/"),), max_bytes=settings.max_image_bytes)
    try:
        return searcher.like_image(storage.read(local_uri(image.absolute())), k, filters)
    except ImageRejected as error:
        raise SourceMissing(f"{image} cannot be searched for: {error}.") from error


def _stored_uri(text: str) -> str:
    return text if "://" in text else local_uri(Path(text).absolute())


def _parsed(filters: list[str]) -> dict[str, str]:
    parsed = dict(item.partition("=")[::2] for item in filters if "=" in item)
    wrong = [item for item in filters if not _is_filter(item)]
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is not FIELD=VALUE with a FIELD of name, uri or metadata.KEY")
    return parsed


def _is_filter(item: str) -> bool:
    field, equals, _ = item.partition("=")
    return bool(equals) and (field in ("name", "uri") or (field.startswith("metadata.") and len(field) > 9))
