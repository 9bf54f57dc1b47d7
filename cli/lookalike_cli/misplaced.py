"""What a person may have meant who typed a command in the wrong place, or one argument too many."""

from collections.abc import Sequence
from typing import Any

from lookalike.plural import counted
from lookalike.shown import shown
from lookalike_cli.examples import EXAMPLES


def elsewhere(word: str) -> str:
    """A sentence that names the commands with this last word, such as `index export`; empty if there are none."""
    found = [f"`lookalike {name}`" for name in EXAMPLES if name.split()[-1:] == [word]]
    return f"Did you mean {' or '.join(found)}?" if found else ""


def too_many(command: Any, ctx: Any, given: Sequence[str]) -> str:
    """What to say of these arguments, which are more than the command takes."""
    parameters = command.get_params(ctx)
    wanted = [parameter.metavar or parameter.name.upper() for parameter in parameters if _is_argument(parameter)]
    takes = f"{counted(len(wanted), 'argument')}, {' and '.join(wanted)}" if wanted else "no argument"
    values = " and ".join(map(shown, given))
    index = any("--index" in parameter.opts for parameter in parameters)
    return f"`{ctx.command_path}` takes {takes}; it got {values}." + (" --index names an index." if index else "")


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")
