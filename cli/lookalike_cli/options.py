"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from lookalike.records import MOST_MATCHES
from lookalike_cli.completion import index_names

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object on stdout.")]
IndexName = Annotated[
    str | None,
    typer.Option("--index", help="Name of the index.", show_default="images", autocompletion=index_names),
]
MODEL_HELP = "Model name, or a .keras, .onnx or OpenVINO .xml file."
DEFAULT_MODEL = "efficientnet-lite0"
#: For commands that work on an index.
ModelName = Annotated[
    str | None,
    typer.Option("--model", help=MODEL_HELP, show_default=f"that of the index, or {DEFAULT_MODEL} for a new index"),
]
#: For commands that make something new of a model.
BaseModel = Annotated[str | None, typer.Option("--model", help=MODEL_HELP, show_default=DEFAULT_MODEL)]
Weights = Annotated[Path | None, typer.Option("--weights", help=".keras file to use as the model's backbone.")]
Preprocessing = Annotated[
    str | None,
    typer.Option(
        "--preprocessing",
        help="How pixels become the input of a file: caffe, tf, torch, lite, clip, none, a preprocessor_config.json, "
        "or mean=0.5+std=0.5; options follow: torch:size=224+output=NAME.",
    ),
]
TextModel = Annotated[
    Path | None,
    typer.Option("--text-model", help="Text encoder of the model: a .keras or .onnx file, or OpenVINO's .xml."),
]
Tokenizer = Annotated[Path | None, typer.Option("--tokenizer", help="The tokenizer.json of the text encoder.")]
Neighbours = Annotated[int, typer.Option("-k", min=1, max=MOST_MATCHES, help="Number of matches.")]
Exact = Annotated[bool, typer.Option("--exact", help="Compare all vectors, however many there are.")]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="FILTER",
        help='Only images that meet it: "label=cat", "year>=2020", "taken=2024-05", "brand=acme,globex", '
        '"brand!=acme", "brand exists". Repeatable; all must hold.',
    ),
]
SOURCE_HELP = (
    "A folder, glob, image, archive, table, .txt list, an s3://, gs://, az:// or https:// address, "
    "or - for a list on stdin."
)
Sources = Annotated[list[str], typer.Argument(metavar="SOURCE", help=SOURCE_HELP)]
LabelFrom = Annotated[
    str,
    typer.Option(
        metavar="FROM",
        help="Source of the label: parent (the image's folder), top (the first folder below the source), none, or "
        "regex:PATTERN, whose first group in the path is the label.",
    ),
]
Within = Annotated[
    list[str] | None,
    typer.Option(
        "--within",
        metavar="PLACE",
        help="A folder or address that lists and tables cover completely: other indexed images in it are orphaned. "
        "Repeatable.",
    ),
]
Thorough = Annotated[
    bool, typer.Option("--thorough", help="Read every image, also those whose size, times or ETag are the same.")
]
FollowLinks = Annotated[
    bool, typer.Option("--follow-links", help="Go through links to folders, into each folder once.")
]
IncludeHidden = Annotated[
    bool, typer.Option("--include-hidden", help="Include hidden files, and what NAS systems leave beside images.")
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="PATTERN", help="Leave out what matches, as in a .gitignore file. Repeatable."),
]

# The columns of tables.
UriColumn = Annotated[
    str | None,
    typer.Option("--uri-column", metavar="COLUMN", help="Column of a table with the paths or addresses of images."),
]
LabelColumn = Annotated[str | None, typer.Option("--label-column", metavar="COLUMN", help="Column with the labels.")]
IdColumn = Annotated[
    str | None,
    typer.Option("--id-column", metavar="COLUMN", help="Column with your own keys, for the metadata field id."),
]
Metadata = Annotated[
    str | None,
    typer.Option(
        "--metadata",
        metavar="COLUMNS",
        help="Columns for metadata, with types if you like: brand,year:int,tags:list. Also all, or none.",
    ),
]
Base = Annotated[
    str | None,
    typer.Option(
        "--base", metavar="PLACE", help="Where relative paths in tables start.", show_default="the folder of the table"
    ),
]
