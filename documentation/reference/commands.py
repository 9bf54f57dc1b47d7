"""The page of commands: from the arguments and options of the `lookalike` command."""

import re
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin

from typer.main import get_command

from documentation.reference.page import MeaningMissing, Page, block, code, meaning, sections, sentence, table
from lookalike_cli.contents import ENTRIES, GROUPS, Entry
from lookalike_cli.examples import EXAMPLES

HELPS = "its help in cli/lookalike_cli"
#: What stands for a value whose option names none.
VALUES = {int: "NUMBER", float: "NUMBER", Path: "PATH", str: "TEXT"}
INTRODUCTION = """
Each command shows its arguments and options with `-h` or `--help`. `lookalike --version` shows the version.
`lookalike --install-completion` lets your shell complete commands and options; `--show-completion` prints the script
for it.

An option wins over the [setting](settings.md) of the same name: `--index` over `LOOKALIKE_INDEX`.
[Exit codes](exit-codes.md) say how a command ended, for scripts.
"""


class Described(NamedTuple):
    """A command with its name, such as "index list"."""

    name: str
    command: Any


def page() -> Page:
    """All commands by what they are for, as the help has them."""
    groups = [f"## {title}\n\n{_group(entries)}" for title, entries in GROUPS.items()]
    summary = "every command with its arguments, its options, their defaults, and examples"
    return Page("commands.md", "Commands", summary, sections(INTRODUCTION, *groups))


def described(name: str, entry: Entry) -> Iterator[Described]:
    """The command and the commands below it."""
    return _tree(name, get_command(import_module(entry.module).app))


def every_command() -> Iterator[Described]:
    """All commands and the commands below them, in the order of the help."""
    return (one for name, entry in ENTRIES.items() for one in described(name, entry))


def with_option(option: str) -> list[str]:
    """The names of the commands that have this option, in the order of the help."""
    return [one.name for one in every_command() if any(option in parameter.opts for parameter in one.command.params)]


def _tree(name: str, command: Any) -> Iterator[Described]:
    yield Described(name, command)
    for sub, one in getattr(command, "commands", {}).items():
        yield from _tree(f"{name} {sub}", one)


def _group(entries: dict[str, Entry]) -> str:
    return sections(*(_section(one) for name in entries for one in described(name, entries[name])))


def _section(one: Described) -> str:
    below = list(getattr(one.command, "commands", {}))
    links = ", ".join(f"[`{one.name} {sub}`](#lookalike-{one.name.replace(' ', '-')}-{sub})" for sub in below)
    return sections(
        f"### lookalike {one.name}",
        _help(one),
        f"Its commands: {links}." if below else block(usage(one), "text"),
        table(("argument", "meaning"), _arguments(one)),
        table(("option", "default", "meaning"), _options(one)),
        "Examples:",
        block("\n".join(EXAMPLES[one.name]), "text"),
    )


def _help(one: Described) -> str:
    text = meaning(one.command.help, f"lookalike {one.name}", HELPS)
    paragraphs = [" ".join(part.split()) for part in (one.command.help or text).split("\n\n")]
    return "\n\n".join(plain(sentence(part)) for part in paragraphs)


def usage(one: Described) -> str:
    """The command as it is typed, with its arguments in capitals."""
    arguments = [_argument(parameter) for parameter in _of(one, "argument")]
    required = [f"{max(option.opts, key=len)} {value(option)}" for option in _of(one, "option") if option.required]
    return " ".join(["lookalike", one.name, *required, "[OPTIONS]", *arguments])


def value(parameter: Any) -> str:
    """What stands for the value of an argument or option; empty for a flag."""
    if getattr(parameter, "is_flag", False):
        return ""
    if parameter.metavar:
        return str(parameter.metavar).strip("[].")
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    annotation = parameter.type_descriptor.annotation
    kind = get_args(annotation)[0] if get_origin(annotation) is list else annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(member.value for member in kind)
    if kind not in VALUES:
        raise MeaningMissing(f"{parameter.opts[0]} names no value: give it a metavar where its command is declared.")
    return VALUES[kind]


def _argument(parameter: Any) -> str:
    several = "..." if parameter.nargs == -1 else ""
    return f"{value(parameter)}{several}" if parameter.required else f"[{value(parameter)}{several}]"


def _of(one: Described, kind: str) -> list[Any]:
    return [each for each in one.command.params if each.param_type_name == kind and not getattr(each, "hidden", False)]


def _arguments(one: Described) -> Iterator[tuple[str, str]]:
    for parameter in _of(one, "argument"):
        yield code(_argument(parameter)), _meaning(parameter, one)


def _options(one: Described) -> Iterator[tuple[str, str, str]]:
    for parameter in _of(one, "option"):
        if "--help" not in parameter.opts:
            names = ", ".join(code(name) for name in [*parameter.opts, *parameter.secondary_opts])
            shown = f"{names} {code(value(parameter))}".strip()
            yield shown, default(parameter), _meaning(parameter, one)


def _meaning(parameter: Any, one: Described) -> str:
    what = f"{max(parameter.opts, key=len, default='') or value(parameter)} of lookalike {one.name}"
    text = meaning(parameter.help, what, HELPS).replace("[default: all]", "Default: all")
    return plain(sentence(text)) + _bounds(parameter)


def default(parameter: Any) -> str:
    """The default, as code if it could be typed; "required" where there is none."""
    if parameter.required:
        return "required"
    if isinstance(parameter.show_default, str):
        return parameter.show_default if " " in parameter.show_default else code(parameter.show_default)
    found = parameter.default
    return "" if found is None or found is False else code(f"{found:g}" if isinstance(found, float) else found)


def _bounds(parameter: Any) -> str:
    least, most = parameter.min, parameter.max
    if least is None:
        return ""
    return f" {least} or more." if most is None or most > 2**30 else f" {least} to {most}."


def plain(text: str) -> str:
    """A text of the help as Markdown: options and variables as code, and nothing as markup by accident."""
    pattern = r"`[^`]+`|(?<![\w`-])--[a-z][\w-]*|\w+_[\w.]*\w|\"[^\"]+\"|[*_<>]"
    return re.sub(pattern, _as_code, text)


def _as_code(found: re.Match[str]) -> str:
    text = found[0]
    if text.startswith("`"):
        return text
    return f"\\{text}" if len(text) == 1 else code(text.strip('"'))
