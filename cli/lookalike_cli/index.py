"""`lookalike index`: lists, creates, merges, promotes, exports and deletes indexes."""

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

import lookalike
from lookalike import embedding, factories
from lookalike.errors import IndexConflict, IndexMissing
from lookalike.index import IndexInfo, index_of, is_version
from lookalike.index.checks import check_name
from lookalike.plural import counted
from lookalike.settings import Settings, read_settings
from lookalike_cli.application import Application
from lookalike_cli.completion import index_names
from lookalike_cli.console import print_json, remark, remarks, results, table
from lookalike_cli.filters import parsed
from lookalike_cli.options import BaseModel, Filters, IndexName, Json, Preprocessing, Weights
from lookalike_cli.promotion import promote, roll_back
from lookalike_cli.stopping import stoppable
from lookalike_producer.promotion import forget_rejections

app = Application(help="List, create, promote, export and delete indexes.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the index.")]
#: Of an index that is there.
Existing = Annotated[str, typer.Argument(metavar="NAME", help="Name of the index.", autocompletion=index_names)]


def _built(help: str) -> Any:
    """An option of a new OpenSearch index; its default is the setting of the same name."""
    return typer.Option(help=help, show_default="from settings", rich_help_panel="OpenSearch")


@app.command("list")
def list_all(json: Json = False) -> None:
    """List the indexes and their versions, with model, documents and size."""
    infos = factories.list_indexes(read_settings())
    if json:
        print_json({"indexes": [_plain(info) for info in infos]})
        return
    rows = [_row(info) for info in infos]
    results.print(table("index", "version", "", "model", "documents", "bytes", rows=rows))


def _plain(info: IndexInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "physical": info.version,
        "current": info.is_current,
        "model": info.model.name,
        "fingerprint": info.model.fingerprint,
        "documents": info.documents,
        "size_bytes": info.size_bytes,
        "ann_vectors": info.ann.vectors if info.ann else None,
    }


def _row(info: IndexInfo) -> tuple[Any, ...]:
    current = "current" if info.is_current else ""
    return info.name, info.version, current, str(info.model), info.documents, info.size_bytes


@app.command()
def create(
    name: Name,
    model: BaseModel = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    engine: Annotated[str | None, _built("Engine of k-NN: lucene, faiss or nmslib.")] = None,
    hnsw_m: Annotated[int | None, _built("Links per node of the HNSW graph.")] = None,
    hnsw_ef_construction: Annotated[int | None, _built("HNSW candidates when a vector is added.")] = None,
    quantization: Annotated[str | None, _built("Vector quantization: none, byte, fp16, bit or flat.")] = None,
    vector_mode: Annotated[str | None, _built("Where vectors are: in_memory or on_disk (faiss).")] = None,
    compression: Annotated[str | None, _built("Compression level, such as 16x.")] = None,
    shards: Annotated[int | None, _built("Number of primary shards.")] = None,
    replicas: Annotated[int | None, _built("Number of replicas of each shard.")] = None,
    json: Json = False,
) -> None:
    """Create an empty index for a model."""
    options = {
        "engine": engine,
        "hnsw_m": hnsw_m,
        "hnsw_ef_construction": hnsw_ef_construction,
        "quantization": quantization,
        "vector_mode": vector_mode,
        "compression": compression,
        "shards": shards,
        "replicas": replicas,
    }
    settings = read_settings(
        index=check_name(name), model=model, weights=weights, preprocessing=preprocessing, **options
    )
    identity = embedding.identify(factories.model_spec(settings), settings.home)
    factories.open_index(settings).ensure(identity)
    remark(f"Index {name} is ready for model {identity}.")
    if json:
        print_json({"name": name, "model": identity.name, "fingerprint": identity.fingerprint})


@app.command()
def restore(name: Existing, json: Json = False) -> None:
    """End a bulk-load mode that a job left behind: restore refresh interval and replicas."""
    index = factories.open_index(read_settings(index=name))
    was_loading = index.is_loading()
    index.end_load()
    remark(f"Ended the bulk-load mode of index {name}." if was_loading else f"Index {name} is not in bulk-load mode.")
    if json:
        print_json({"name": name, "was_loading": was_loading})


@app.command()
def optimize(
    index: IndexName = None,
    segments: Annotated[int, typer.Option(min=1, help="Number of segments to merge into, per shard.")] = 1,
    json: Json = False,
) -> None:
    """Merge the segments of an index for faster searches, and build the ANN index of an embedded one anew.

    Searches and ingests go on meanwhile."""
    settings = read_settings(index=index)
    counts: list[int] = []
    with (
        closing(factories.open_index(settings)) as opened,
        stoppable("Interrupted. A merge that OpenSearch has started goes on; run the command again to watch it."),
        remarks.status(f"Optimizing {settings.index} ...") as status,
    ):
        for count in opened.optimize(segments):
            counts.append(count)
            status.update(f"Optimizing {settings.index}: {counts[0]:,} segments, {count:,} now ...")
        ann = _ann_vectors(settings, opened.version())
    remark(f"Index {settings.index} has {counted(counts[-1], 'segment')}; before, {counts[0]:,}.")
    if ann is not None:
        remark(f"Its ANN index holds {ann:,} vectors." if ann else "It is searched exactly: it has no ANN index.")
    if json:
        print_json({"name": settings.index, "before": counts[0], "after": counts[-1], "ann_vectors": ann})


def _ann_vectors(settings: Settings, version: str) -> int | None:
    """How many vectors the ANN index of an embedded index holds; None for a server."""
    return next(
        (info.ann.vectors for info in factories.list_indexes(settings) if info.version == version and info.ann), None
    )


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write: .parquet, .npy or .jsonl.")],
    filter: Filters = None,
    index: IndexName = None,
    json: Json = False,
) -> None:
    """Export ids, metadata and vectors of an index to a Parquet file, an array of NumPy or JSON lines.

    Beside an array, FILE.npy.jsonl has a line for each of its rows. `lookalike failed export` writes rejected
    images."""
    filters = parsed(filter)
    with stoppable("Interrupted. No file was written."), lookalike.open(index) as images:
        rows = images.export(file, filters=filters)
    remark(f"Exported {counted(rows, 'image')} to {file}.")
    if json:
        print_json({"name": images.name, "file": str(file), "images": rows})


app.command()(promote)
app.command("rollback")(roll_back)


@app.command()
def delete(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME|VERSION", help="An index, or one version of it.", autocompletion=index_names),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also delete the current version.")] = False,
    json: Json = False,
) -> None:
    """Delete an index with all its versions, or one version; the image files stay."""
    settings = read_settings(index=index_of(name) if is_version(name) else name)
    with closing(factories.open_versions(settings)) as versions:
        infos = [info for info in versions.infos() if name in (info.name, info.version)]
        if not infos:
            raise IndexMissing(f"There is no index {name}.", "`lookalike index list` shows all indexes.")
        if is_version(name) and infos[0].is_current and not force:
            raise IndexConflict(
                f"{name} is the current version of {settings.index}: searches use it.",
                "Promote another version first, delete the whole index by its name, or use --force.",
            )
        if not yes:
            documents = sum(info.documents for info in infos)
            what = f"{name} with its {counted(documents, 'document')} in {counted(len(infos), 'version')}"
            typer.confirm(f"Delete {what}?", abort=True, err=True)
        # Delete the current version last: an interrupted deletion leaves a searchable index.
        for info in sorted(infos, key=lambda info: info.is_current):
            versions.delete(info.version)
    forget_rejections(settings, [info.version for info in infos])
    remark(f"Deleted {name}.")
    if json:
        print_json({"name": name, "deleted": [info.version for info in infos]})
