"""All commands, by what they are for: what the help shows without loading any of them."""

from dataclasses import dataclass

from lookalike.extras import is_installed


@dataclass(frozen=True)
class Entry:
    """`module` has a Typer application named `app`, whose help begins with `summary`. `extra` is what the command needs
    as a whole; without one of the packages `needs`, its module cannot even be imported."""

    module: str
    summary: str
    extra: str | None = None
    needs: tuple[str, ...] = ()

    @property
    def is_importable(self) -> bool:
        return all(map(is_installed, self.needs))


def _entry(name: str, summary: str, *, extra: str | None = None, needs: tuple[str, ...] = ()) -> Entry:
    return Entry(f"lookalike_cli.{name}", summary, extra, needs)


#: What a group is for -> its commands, in the order of the help.
GROUPS: dict[str, dict[str, Entry]] = {
    "Collect": {
        "ingest": _entry(
            "ingest",
            "Index the images of folders, stores, web addresses, tables and archives; unchanged images are skipped.",
        ),
        "sync": _entry(
            "sync",
            "Ingest missing and changed images; with --delete, also remove images that the sources no longer contain.",
        ),
        "verify": _entry(
            "verify",
            "Compare sources with the index; exit with code 3 if they differ.",
        ),
        "sources": _entry(
            "sources",
            "See what sources contain.",
        ),
        "status": _entry(
            "status",
            "Show the latest jobs, or one job in detail.",
        ),
        "failed": _entry(
            "failed",
            "List, retry, export and forget rejected images.",
        ),
        "cancel": _entry(
            "cancel",
            "Stop a job: no more of its images are worked on, and indexed ones stay.",
        ),
    },
    "Search": {
        "search": _entry(
            "search",
            "Find the stored images most similar to an image, or to what a text says.",
        ),
        "list": _entry(
            "list",
            "List the images of an index: the newest, by label, by a field, or at random.",
        ),
        "duplicates": _entry(
            "duplicates",
            "List groups of identical and near-identical images in an index.",
        ),
        "facets": _entry(
            "facets",
            "Count the images of an index by label and by metadata.",
        ),
        "map": _entry(
            "map",
            "Put the images of an index on a map, similar images near one another.",
            extra="map",
            needs=("numpy",),
        ),
    },
    "Improve": {
        "evaluate": _entry(
            "evaluate",
            "Measure search quality on a labelled folder, in a temporary index.",
            extra="evaluate",
            needs=("numpy",),
        ),
        "model": _entry(
            "model",
            "List, describe, build, add, fit and quantize models.",
            needs=("numpy",),
        ),
        "reembed": _entry(
            "reembed",
            "Embed an index again with another model, into a new version; `index promote` then switches to it.",
        ),
        "index": _entry(
            "index",
            "List, create, promote, export and delete indexes.",
        ),
        "bench": _entry(
            "bench",
            "Measure the ingest rate in a temporary index and find the bottleneck.",
            needs=("numpy",),
        ),
    },
    "Run": {
        "demo": _entry(
            "demo",
            "Draw sample images, ingest them and search.",
            needs=("numpy",),
        ),
        "up": _entry(
            "up",
            "Run broker, worker and query service until Ctrl-C.",
            extra="api,embedded",
            needs=("numpy", "uvicorn"),
        ),
        "serve": _entry(
            "serve",
            "Serve searches over HTTP: a web page at /, the API at /search, its documentation at /docs.",
            extra="api",
            needs=("numpy", "uvicorn"),
        ),
        "worker": _entry(
            "worker",
            "Run a worker for the broker at LOOKALIKE_BROKER_URL.",
            extra="worker",
        ),
        "flower": _entry(
            "flower",
            "Run Flower, a read-only page of workers and tasks; set FLOWER_BASIC_AUTH to require a password.",
            extra="flower",
        ),
        "doctor": _entry(
            "doctor",
            "Check the installation, broker, workers, stores, hosts, index and model; exit with code 3 on a problem.",
        ),
        "uninstall-data": _entry(
            "uninstall_data",
            "Remove indexes, models, jobs, logs and settings of this user; image files stay.",
        ),
    },
}
ENTRIES = {name: entry for commands in GROUPS.values() for name, entry in commands.items()}
GROUP_OF = {name: group for group, commands in GROUPS.items() for name in commands}
