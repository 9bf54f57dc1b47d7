"""`lookalike map`: puts the images of an index on a map."""

from typing import Annotated, Any

import typer

from lookalike.image_index.map_job import map_as_job
from lookalike.mapping.keeping import LEAST_SAMPLE, MapReport
from lookalike.mapping.sample import SAMPLE
from lookalike.settings import read_settings
from lookalike_cli.application import Application
from lookalike_cli.console import print_json, remark, results
from lookalike_cli.options import IndexName, Json
from lookalike_cli.progress_bar import progress_bar
from lookalike_cli.running import quiet_logs
from lookalike_cli.stopping import stoppable

app = Application()

LAST_WORDS = "Interrupted. The map of the index is as it was before."


@app.command("map")
def make(
    index: IndexName = None,
    add: Annotated[
        bool, typer.Option("--add", help="Keep the map: place only images that came later, and remove deleted ones.")
    ] = False,
    sample: Annotated[
        int,
        typer.Option(min=LEAST_SAMPLE, help="Images that are laid out together; the others are placed between them."),
    ] = SAMPLE,
    json: Json = False,
) -> None:
    """Put the images of an index on a map, similar images near one another.

    It is kept with the current version of the index. The query service shows it under /map. `lookalike status` lists
    it as a job while it is made."""
    settings = read_settings(index=index)
    quiet_logs(settings)
    with stoppable(LAST_WORDS):
        report = map_as_job(settings, add=add, size=sample, progress=progress_bar)
    if json:
        print_json(_plain(report))
        return
    results.say(str(report))
    remark("`lookalike up` or `lookalike serve` shows it under /map.")


def _plain(report: MapReport) -> dict[str, Any]:
    return {
        "index": report.index,
        "version": report.version,
        "images": report.images,
        "sample": report.sample,
        "seconds": round(report.seconds, 3),
    }
