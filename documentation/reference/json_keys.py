"""The page of JSON: from the table of what each command prints with `--json`."""

from collections.abc import Iterator

from documentation.reference.commands import with_option
from documentation.reference.page import MeaningMissing, Page, code, meaning, sections, table
from lookalike_cli.json_keys import CONTRACTS, Key

TABLE = "CONTRACTS in cli/lookalike_cli/json_keys.py"
INTRODUCTION = """
With `--json`, a command prints one JSON object on standard output, on one line, and nothing else there. Notes and
progress go to standard error. `lookalike list` prints one object per line, and `sync --watch` one for each round, with
`whole`: whether everything was compared. After an error there is no output, and the [exit code](exit-codes.md) tells
what happened.

These keys stay. New ones may be added, so a script should ignore keys that it does not know.
[Decision 8](../decisions/0008-json-contracts.md) says how a key is renamed. A key such as `jobs.state` is one of each
object in the list.
"""


def page() -> Page:
    """The keys of each command, in the order of the help."""
    summary = "the keys of `--json` of each command, with their types and meanings"
    return Page("json.md", "JSON", summary, sections(INTRODUCTION, *map(_section, _commands())))


def _commands() -> Iterator[str]:
    for name in with_option("--json"):
        if name not in CONTRACTS:
            raise MeaningMissing(f"The keys of lookalike {name} --json have no meaning: write them in {TABLE}.")
        yield name
        if f"{name} JOB" in CONTRACTS:
            yield f"{name} JOB"


def _section(command: str) -> str:
    rows = [(code(path), key.type, _meaning(command, path, key)) for path, key in paths(CONTRACTS[command])]
    return sections(f"## lookalike {command}", table(("key", "type", "meaning"), rows))


def _meaning(command: str, path: str, key: Key) -> str:
    return meaning(key.meaning, f"The key {path} of lookalike {command} --json", TABLE)


def paths(keys: tuple[Key, ...], above: str = "") -> Iterator[tuple[str, Key]]:
    """Each key with its path: KEY, or KEY.ITEM_KEY in the objects of a list."""
    for key in keys:
        yield above + key.name, key
        yield from paths(key.items, f"{above}{key.name}.")
