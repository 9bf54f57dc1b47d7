"""All commands, by what they are for: what the help shows without loading any of them."""

from dataclasses import dataclass

from lookalike.extras import is_installed


@dataclass(frozen=True)
class Entry:
    """`module` has a Typer application named `app`, whose help begins with `summary`. `extra` is what the command needs
    as a whole; without one of the packages `needs`, its module cannot even be imported."""

    module: str
    summary: str
    examples: tuple[str, ...]
    extra: str | None = None
    needs: tuple[str, ...] = ()

    @property
    def is_importable(self) -> bool:
        return all(map(is_installed, self.needs))


def _entry(name: str, summary: str, *examples: str, extra: str | None = None, needs: tuple[str, ...] = ()) -> Entry:
    return Entry(f"lookalike_cli.{name}", summary, examples, extra, needs)


#: What a group is for -> its commands, in the order of the help.
GROUPS: dict[str, dict[str, Entry]] = {
    "Collect": {
        "ingest": _entry(
            "ingest",
            "Index the images of folders, stores, web addresses, tables and archives; unchanged images are skipped.",
            "lookalike ingest ~/Pictures --exclude raw/",
            "lookalike ingest shoes.csv --metadata brand,year:int",
        ),
        "sync": _entry(
            "sync",
            "Ingest missing and changed images; with --delete, also remove images that the sources no longer contain.",
            "lookalike sync ~/Pictures --delete --dry-run",
            "lookalike sync ~/Pictures --watch",
        ),
        "verify": _entry(
            "verify",
            "Compare sources with the index; exit with code 3 if they differ.",
            "lookalike verify ~/Pictures",
            "lookalike verify shards/ --thorough --json",
        ),
        "sources": _entry(
            "sources",
            "See what sources hold.",
            "lookalike sources check shoes.csv",
            "lookalike sources check s3://bucket/photos/",
        ),
        "status": _entry(
            "status",
            "Show the latest jobs, or one job in detail.",
            "lookalike status",
            "lookalike status --json",
        ),
        "failed": _entry(
            "failed",
            "List, retry, export and forget rejected images.",
            "lookalike failed list --reason host_unavailable",
            "lookalike failed retry",
        ),
        "cancel": _entry(
            "cancel",
            "Stop a job: no more of its images are worked on, and indexed ones stay.",
            "lookalike cancel JOB",
            "lookalike cancel JOB --json",
        ),
    },
    "Search": {
        "search": _entry(
            "search",
            "Find the stored images most similar to an image, or to what a text says.",
            "lookalike search photo.jpg -k 20 --filter label=cats",
            "lookalike search a.jpg --and b.jpg --not c.jpg",
        ),
        "list": _entry(
            "list",
            "List the images of an index: the newest, by label, by a field, or at random.",
            'lookalike list --sort taken --filter "taken>=2024"',
            "lookalike list --sort random --json",
        ),
        "duplicates": _entry(
            "duplicates",
            "List groups of identical and near-identical images in an index.",
            "lookalike duplicates",
            "lookalike duplicates --list > copies.txt",
        ),
        "facets": _entry(
            "facets",
            "Count the images of an index by label and by metadata.",
            "lookalike facets",
            'lookalike facets label year --filter "brand=acme"',
        ),
        "map": _entry(
            "map",
            "Put the images of an index on a map, like images near one another.",
            "lookalike map",
            "lookalike map --add",
            extra="map",
            needs=("numpy",),
        ),
    },
    "Improve": {
        "evaluate": _entry(
            "evaluate",
            "Measure search quality on a labelled folder, in a temporary index.",
            "lookalike evaluate ~/Labelled",
            "lookalike evaluate ~/Labelled --models efficientnet-lite0,efficientnet-lite0:int8",
            extra="evaluate",
            needs=("numpy",),
        ),
        "model": _entry(
            "model",
            "List, describe, build, add, fit and quantize models.",
            "lookalike model list",
            "lookalike model fit ~/Labelled --head lda --name mine",
            needs=("numpy",),
        ),
        "reembed": _entry(
            "reembed",
            "Embed an index again with another model, into a new version; `index promote` then switches to it.",
            "lookalike reembed --model mine",
            "lookalike reembed --model efficientnet-lite0:int8",
        ),
        "index": _entry(
            "index",
            "List, create, promote, export and delete indexes.",
            "lookalike index list",
            "lookalike index export images.parquet",
        ),
        "bench": _entry(
            "bench",
            "Measure the ingest rate in a temporary index and find the bottleneck.",
            "lookalike bench ~/Pictures",
            "lookalike bench ~/Pictures --model efficientnet-lite0:int8",
            needs=("numpy",),
        ),
    },
    "Run": {
        "demo": _entry(
            "demo",
            "Draw sample images, ingest them and search.",
            "lookalike demo",
            "LOOKALIKE_HOME=/tmp/demo lookalike demo",
            needs=("numpy",),
        ),
        "up": _entry(
            "up",
            "Run broker, worker and query service until Ctrl-C.",
            "lookalike up",
            "lookalike up --port 9000",
            extra="api,embedded",
            needs=("numpy", "uvicorn"),
        ),
        "serve": _entry(
            "serve",
            "Serve searches over HTTP: a web page at /, the API at /search, its documentation at /docs.",
            "lookalike serve",
            "lookalike serve --port 9000",
            extra="api",
            needs=("numpy", "uvicorn"),
        ),
        "worker": _entry(
            "worker",
            "Run a worker for the broker at LOOKALIKE_BROKER_URL.",
            "lookalike worker",
            "lookalike worker --concurrency 4",
            extra="worker",
        ),
        "flower": _entry(
            "flower",
            "Run Flower, a read-only page of workers and tasks; set FLOWER_BASIC_AUTH to require a password.",
            "lookalike flower",
            "lookalike flower --port 5556",
            extra="flower",
        ),
        "doctor": _entry(
            "doctor",
            "Check the installation, broker, workers, stores, hosts, index and model; exit with code 3 on a problem.",
            "lookalike doctor",
            "lookalike doctor --json",
        ),
        "uninstall-data": _entry(
            "uninstall_data",
            "Remove indexes, models, jobs, logs and settings of this user; image files stay.",
            "lookalike uninstall-data --dry-run",
            "lookalike uninstall-data --yes",
        ),
    },
}
ENTRIES = {name: entry for commands in GROUPS.values() for name, entry in commands.items()}
GROUP_OF = {name: group for group, commands in GROUPS.items() for name in commands}
