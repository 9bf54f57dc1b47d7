"""`lookalike index`: which indexes there are, creating and deleting one."""

from typing import Annotated

import typer

from cli.console import print_json, remark, results, table
from cli.options import Json, ModelName, Preprocessing, Weights
from lookalike import configured, embedding
from lookalike.settings import read_settings

app = typer.Typer(
    pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True, help="List, create and delete indexes."
)

Name = Annotated[str, typer.Argument(help="The index's name.")]


@app.command("list")
def list_all(json: Json = False) -> None:
    """List the indexes with their model, documents and size."""
    infos = configured.list_indexes(read_settings())
    if json:
        plain = [
            {
                "name": info.name,
                "physical": info.physical,
                "model": info.model.name,
                "fingerprint": info.model.fingerprint,
                "documents": info.documents,
                "size_bytes": info.size_bytes,
            }
            for info in infos
        ]
        print_json({"indexes": plain})
        return
    rows = [(info.name, info.physical, str(info.model), info.documents, info.size_bytes) for info in infos]
    results.print(table("index", "physical", "model", "documents", "bytes", rows=rows))


@app.command()
def create(name: Name, model: ModelName = None, weights: Weights = None, preprocessing: Preprocessing = None) -> None:
    """Create an empty index for a model."""
    settings = read_settings(index=name, model=model, weights=weights, preprocessing=preprocessing)
    identity = embedding.identify(configured.model_spec(settings), settings.home)
    configured.open_index(settings).ensure(identity)
    remark(f"Index {name} is there, for {identity}.")


@app.command()
def restore(name: Name) -> None:
    """End the bulk-load mode that a job left behind: refresh and replicas as they were before it."""
    index = configured.open_index(read_settings(index=name))
    was_loading = index.is_loading()
    index.settle()
    remark(f"Index {name} is as it was before the load." if was_loading else f"Index {name} was not loading.")


@app.command()
def delete(name: Name, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Delete an index with all its documents; the pictures themselves stay."""
    settings = read_settings(index=name)
    index = configured.open_index(settings)
    index.model()
    if not yes:
        typer.confirm(f"Delete index {name} with its {index.count():,} documents?", abort=True)
    index.drop()
    remark(f"Index {name} is deleted.")
