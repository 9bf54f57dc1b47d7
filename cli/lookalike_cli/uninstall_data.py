"""`lookalike uninstall-data`: removes everything that lookalike keeps of this user."""

from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer

from lookalike.broker import broker_location
from lookalike.embedded.removal import Removable, not_in_use, removables, remove
from lookalike.errors import PermanentError, Unavailable
from lookalike.ledger import Ledger
from lookalike.queue import make_app
from lookalike.settings import Settings, read_settings
from lookalike.workers import workers_here
from lookalike_cli.application import Application
from lookalike_cli.console import for_people, print_json, remark, table
from lookalike_cli.options import Json

app = Application()


@app.command("uninstall-data")
def uninstall_data(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be removed, and keep it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    json: Json = False,
) -> None:
    """Remove indexes, models, jobs, logs and settings of this user; image files stay.

    It removes what lookalike has written to LOOKALIKE_HOME, and the file of settings of this user. The program
    itself is removed with pip. Nothing is removed while `lookalike up` or another command runs the stack.
    """
    settings = read_settings()
    _check_no_worker(settings)
    with not_in_use(settings.home):
        found = removables(settings.home)
        _show(found, is_plan=dry_run, json=json)
        if found and not dry_run:
            if not yes:
                typer.confirm("Remove all of it?", abort=True, err=True)
            remove(found, settings.home)
            remark("Removed.")
    _say_what_stays(settings)
    if json:
        removed = [{"what": one.what, "path": str(one.path), "size_bytes": one.size_bytes} for one in found]
        print_json({"home": str(settings.home), "dry_run": dry_run, "removed": removed})


def _check_no_worker(settings: Settings) -> None:
    """Raise PermanentError if a worker of another broker runs on this machine: it uses the models of the home."""
    url = broker_location(settings)
    if url is None:
        return
    try:
        # Once: a question to the workers is repeated for seconds.
        with closing(Ledger(url)) as ledger:
            ledger.ping()
        names = workers_here(make_app(url))
    except Unavailable as error:
        remark(f"{error.sentences()[0]} If a worker of it runs on this machine, stop it first.")
        return
    if names:
        raise PermanentError(f"The worker {names[0]} is running on this machine.", "Stop it first.")


def _show(found: Sequence[Removable], *, is_plan: bool, json: bool) -> None:
    if not found:
        remark("There is nothing to remove.")
        return
    rows = [(one.what, _megabytes(one.size_bytes), str(one.path)) for one in found]
    total = _megabytes(sum(one.size_bytes for one in found))
    for_people(json=json).print(table("what", "size", "place", rows=[*rows, ("all", total, "")]))
    for one in found:
        if one.is_link:
            remark(f"{one.path} is a link: {'the' if is_plan else 'only the'} link goes, and what it points to stays.")


def _say_what_stays(settings: Settings) -> None:
    if settings.index_url is not None:
        remark(f"The indexes in {settings.index_address} stay; `lookalike index delete NAME` deletes one.")
    if settings.broker_url is not None:
        remark("The jobs in the broker of LOOKALIKE_BROKER_URL stay.")


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB"
