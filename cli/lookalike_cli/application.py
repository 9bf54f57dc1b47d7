"""The Typer application of each command: its defaults, and what is wrong with its arguments."""

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from lookalike_cli.examples import HelpWithExamples
from lookalike_cli.misplaced import elsewhere, too_many

Function = TypeVar("Function", bound=Callable[..., Any])


class Group(HelpWithExamples, TyperGroup):
    """A group of commands. It names the place of a command that is in another one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands and (advice := elsewhere(args[0])):
            ctx.fail(f"No such command {args[0]!r}. {advice}")
        return super().resolve_command(ctx, args)


class Command(HelpWithExamples, TyperCommand):
    """A command that refuses an option given twice: of two models or indexes, one would silently win. It says which
    arguments it takes to who gives more."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        values, surplus, given = self.make_parser(ctx).parse_args(args=list(args))
        if surplus and not ctx.allow_extra_args:
            taken = [values[one.name] for one in given if one.param_type_name == "argument" and one.name in values]
            ctx.fail(too_many(self, ctx, [*taken, *surplus]))
        for parameter, times in Counter(given).items():
            if times > 1 and _takes_one(parameter):
                ctx.fail(f"{max(parameter.opts, key=len)} is given {times} times. Give it once.")
        return super().parse_args(ctx, args)


def _takes_one(parameter: Any) -> bool:
    """Whether this is an option with one value: a flag that is repeated means the same."""
    return parameter.param_type_name == "option" and not (parameter.multiple or parameter.is_flag or parameter.count)


class Application(typer.Typer):
    """One command, or a group of them, as `lookalike_cli.main` expects it."""

    def __init__(self, *, help: str | None = None) -> None:
        is_group = help is not None
        super().__init__(
            cls=Group, help=help, no_args_is_help=is_group, pretty_exceptions_enable=False, add_completion=False
        )

    def command(self, name: str | None = None, **options: Any) -> Callable[[Function], Function]:
        return super().command(name, cls=Command, **options)
