"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
IndexName = Annotated[str | None, typer.Option("--index", help="Name of the index.", show_default="images")]
ModelName = Annotated[
    str | None, typer.Option("--model", help="A model's name, or a .keras file.", show_default="efficientnet-lite0")
]
Weights = Annotated[Path | None, typer.Option("--weights", help="A .keras file as the backbone of the named model.")]
Preprocessing = Annotated[
    str | None, typer.Option("--preprocessing", help="What a .keras file expects: caffe, tf, torch, lite or none.")
]
Neighbours = Annotated[int, typer.Option("-k", min=1, max=1000, help="How many matches.")]
Filters = Annotated[
    list[str] | None, typer.Option("--filter", help="FIELD=VALUE; FIELD is name, uri or metadata.KEY. Repeatable.")
]
Sources = Annotated[list[str], typer.Argument(metavar="SOURCE", help="Folder, glob, .txt list, image or -.")]
LabelFrom = Annotated[str, typer.Option(help="Where an image's label comes from: parent or none.")]
Within = Annotated[
    list[str] | None,
    typer.Option("--within", help="A folder that a list is complete for: what the index holds beyond it is orphaned."),
]
