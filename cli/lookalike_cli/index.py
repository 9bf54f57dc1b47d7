"""`lookalike index`: which indexes there are and in which versions; creating, merging and deleting them."""

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

import lookalike
from lookalike import embedding, factories
from lookalike.errors import IndexConflict, IndexMissing
from lookalike.index import index_of, is_version
from lookalike.index.checks import check_name
from lookalike.settings import read_settings
from lookalike_cli.console import print_json, remark, remarks, results, table
from lookalike_cli.options import IndexName, Json, ModelName, Preprocessing, Weights
from lookalike_cli.promotion import promote, roll_back
from lookalike_cli.stopping import stoppable

app = typer.Typer(
    pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True, help="List, create and delete indexes."
)

Name = Annotated[str, typer.Argument(help="The index's name.")]


def _built(help: str) -> Any:
    """An option of a new OpenSearch index; without it, the setting of the same name counts."""
    return typer.Option(help=help, show_default="as set", rich_help_panel="OpenSearch")


@app.command("list")
def list_all(json: Json = False) -> None:
    """List the indexes and their versions with model, documents and size; searches see the current one."""
    infos = factories.list_indexes(read_settings())
    if json:
        plain = [
            {
                "name": info.name,
                "physical": info.version,
                "current": info.is_current,
                "model": info.model.name,
                "fingerprint": info.model.fingerprint,
                "documents": info.documents,
                "size_bytes": info.size_bytes,
            }
            for info in infos
        ]
        print_json({"indexes": plain})
        return
    rows = [
        (
            info.name,
            info.version,
            "current" if info.is_current else "",
            str(info.model),
            info.documents,
            info.size_bytes,
        )
        for info in infos
    ]
    results.print(table("index", "version", "", "model", "documents", "bytes", rows=rows))


@app.command()
def create(
    name: Name,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    engine: Annotated[str | None, _built("k-NN engine: lucene, faiss or nmslib.")] = None,
    hnsw_m: Annotated[int | None, _built("Links per node of the HNSW graph.")] = None,
    hnsw_ef_construction: Annotated[int | None, _built("Candidates when a vector is linked in.")] = None,
    quantization: Annotated[str | None, _built("What is kept of each number: none, byte, fp16 or bit.")] = None,
    vector_mode: Annotated[str | None, _built("in_memory or on_disk (faiss).")] = None,
    compression: Annotated[str | None, _built("OpenSearch's compression level, such as 16x.")] = None,
    shards: Annotated[int | None, _built("Primary shards.")] = None,
    replicas: Annotated[int | None, _built("Copies of each shard.")] = None,
) -> None:
    """Create an empty index for a model; what it is built of is for OpenSearch, and else as the settings say."""
    built = {
        "engine": engine,
        "hnsw_m": hnsw_m,
        "hnsw_ef_construction": hnsw_ef_construction,
        "quantization": quantization,
        "vector_mode": vector_mode,
        "compression": compression,
        "shards": shards,
        "replicas": replicas,
    }
    settings = read_settings(index=check_name(name), model=model, weights=weights, preprocessing=preprocessing, **built)
    identity = embedding.identify(factories.model_spec(settings), settings.home)
    factories.open_index(settings).ensure(identity)
    remark(f"Index {name} is there, for {identity}.")


@app.command()
def restore(name: Name) -> None:
    """End the bulk-load mode that a job left behind: refresh and replicas as they were before it."""
    index = factories.open_index(read_settings(index=name))
    was_loading = index.is_loading()
    index.end_load()
    remark(f"Index {name} is as it was before the load." if was_loading else f"Index {name} was not loading.")


@app.command()
def optimize(
    index: IndexName = None,
    segments: Annotated[int, typer.Option(min=1, help="Pieces to merge into; in OpenSearch, of each shard.")] = 1,
    json: Json = False,
) -> None:
    """Merge the pieces that loads left behind, which makes searches faster; searches and loads go on meanwhile."""
    settings = read_settings(index=index)
    counts: list[int] = []
    with (
        closing(factories.open_index(settings)) as opened,
        stoppable("Interrupted. A merge that OpenSearch has begun goes on; run the same command again to watch it."),
        remarks.status(f"Merging {settings.index} ...") as status,
    ):
        for count in opened.optimize(segments):
            counts.append(count)
            status.update(f"Merging {settings.index}: {counts[0]:,} pieces, {count:,} now ...")
    remark(f"Index {settings.index} consists of {counts[-1]:,} pieces; before, of {counts[0]:,}.")
    if json:
        print_json({"name": settings.index, "before": counts[0], "after": counts[-1]})


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="The file to write.")],
    index: IndexName = None,
    json: Json = False,
) -> None:
    """Write all images of an index, with their vectors, to a Parquet file."""
    with stoppable("Interrupted. No file was written."), lookalike.open(index) as images:
        rows = images.export(file)
    remark(f"{rows:,} images written to {file}.")
    if json:
        print_json({"name": images.name, "file": str(file), "images": rows})


app.command()(promote)
app.command("rollback")(roll_back)


@app.command()
def delete(
    name: Annotated[str, typer.Argument(metavar="NAME|VERSION", help="An index, or one version of it.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also the version that searches see.")] = False,
) -> None:
    """Delete an index with all its versions, or one version; the pictures themselves stay."""
    settings = read_settings(index=index_of(name) if is_version(name) else name)
    with closing(factories.open_versions(settings)) as versions:
        infos = [info for info in versions.infos() if name in (info.name, info.version)]
        if not infos:
            raise IndexMissing(f"There is no index {name}.", "`lookalike index list` shows what there is.")
        if is_version(name) and infos[0].is_current and not force:
            raise IndexConflict(
                f"Searches see {name}: it is the current version of {settings.index}.",
                "Promote another one first, delete the whole index by its name, or use --force.",
            )
        if not yes:
            documents = sum(info.documents for info in infos)
            what = f"{name} with its {documents:,} documents in {len(infos)} version{'s' if len(infos) > 1 else ''}"
            typer.confirm(f"Delete {what}?", abort=True)
        # The current one last: what is stopped in between leaves an index that can be searched.
        for info in sorted(infos, key=lambda info: info.is_current):
            versions.delete(info.version)
    remark(f"{name} is deleted.")
