"""The `lookalike` command: loads the module of a subcommand on demand and prints errors as plain lines."""

import atexit
import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from lookalike import __version__, launch
from lookalike.disk import place_error
from lookalike.errors import LookalikeError, MissingExtra, PermanentError
from lookalike.exhaustion import is_panic, machine_error
from lookalike.exit_codes import ExitCode, code_of
from lookalike.extras import is_installed, missing_extra
from lookalike.terminal import forget_output
from lookalike_cli import completion
from lookalike_cli.console import remark
from lookalike_cli.contents import ENTRIES, GROUP_OF
from lookalike_cli.examples import HelpWithExamples
from lookalike_cli.misplaced import elsewhere
from lookalike_cli.starting import imported
from lookalike_cli.stopping import ignore_interrupts

#: Command -> module, which is imported when the command runs: that keeps the other commands fast.
COMMANDS = {name: entry.module for name, entry in ENTRIES.items()}
DEBUG = "LOOKALIKE_DEBUG"
#: They end before garbage counts. Collections while the modules of a search load take a tenth of its time.
SHORT = ("search",)
#: Modules that a Python lacks if it was built on a machine without their libraries; we need all of them.
OPTIONAL_MODULES = ("_bz2", "_ctypes", "_lzma", "_sqlite3", "_ssl", "zlib")


class LazyGroup(HelpWithExamples, TyperGroup):
    """Loads a command to run it. What lists commands sees stand-ins, with the help of the table of contents."""

    _is_listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        if self._is_listing and cmd_name in ENTRIES:
            return _stand_in(cmd_name)
        try:
            command = get_command(import_module(COMMANDS[cmd_name]).app)
        except ModuleNotFoundError as error:
            missing = _missing(error, cmd_name)
            if missing is None or os.environ.get(DEBUG):
                raise
            return _unavailable(cmd_name, missing)
        command.name = cmd_name
        imported()
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        with self._listing():
            super().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        with self._listing():
            return super().shell_complete(ctx, incomplete)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        # Typer suggests only commands that are loaded already.
        if args[0] not in COMMANDS and (advice := elsewhere(args[0])):
            ctx.fail(f"No such command {args[0]!r}. {advice}")
        near = get_close_matches(args[0], COMMANDS, n=1)
        if near and args[0] not in COMMANDS:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    @contextmanager
    def _listing(self) -> Iterator[None]:
        self._is_listing = True
        try:
            yield
        finally:
            self._is_listing = False


def _stand_in(name: str) -> TyperCommand:
    entry = ENTRIES[name]
    missing = (
        "" if entry.is_importable else f"Not installed: {MissingExtra(f'lookalike {name}', entry.extra or 'embedded')}."
    )
    return TyperCommand(name, help=missing or entry.summary, rich_help_panel=GROUP_OF[name])


def _missing(error: ModuleNotFoundError, command: str) -> MissingExtra | None:
    return missing_extra(error, f"lookalike {command}", ENTRIES[command].extra if command in ENTRIES else None)


def _unavailable(name: str, missing: MissingExtra) -> TyperCommand:
    """A command whose packages are not installed: whatever its arguments are, it raises MissingExtra."""

    def refuse() -> None:
        raise missing

    lenient = {"ignore_unknown_options": True, "allow_extra_args": True}
    return TyperCommand(name, callback=refuse, help=f"Not installed: {missing}.", context_settings=lenient)


#: Subcommands inherit the names of the option that shows the help.
app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"lookalike {__version__}")
        raise typer.Exit


@app.callback()
def lookalike(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Index images in bulk and search them by similarity."""
    if context.invoked_subcommand not in SHORT:
        gc.enable()


def main() -> None:
    """Run the command in an environment of ours."""
    gc.disable()
    if completion.is_asked():
        # By variables that no command of ours would keep.
        completion.prepare()
    else:
        launch.settle("lookalike_cli")
    run()


def run() -> None:
    """Run the command in the environment as it is."""
    # Skip the last garbage collection: it takes 0.2 s, and the process ends anyway.
    atexit.register(gc.freeze)
    _prepare_streams()
    # Until a command configures its logs, warnings are notes.
    logging.getLogger().handlers = [Notes(logging.WARNING)]
    status = _run()
    # Last, so that it is called before what the command registered, which may take seconds.
    atexit.register(ignore_interrupts)
    try:
        sys.stdout.flush()
    except OSError:
        forget_output()
        status = status or ExitCode.CUT_OFF
    # An interrupt of code that Python makes from a string, such as a dataclass, leaves a mark, though it was handled:
    # under -m, Python ends itself with SIGINT in place of the status. Such code that ends well takes the mark away.
    exec("")
    sys.exit(status)


class Notes(logging.Handler):
    """Prints warnings as notes: what they name may come from a file of others, such as .env."""

    def emit(self, record: logging.LogRecord) -> None:
        # An error may have two sentences, one a line.
        remark(" ".join(record.getMessage().splitlines()))


def _prepare_streams() -> None:
    """Make the standard streams usable: the shell may have closed them, and their encoding may lack a character."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run() -> int:
    try:
        return int(get_command(app).main(prog_name="lookalike", standalone_mode=False) or ExitCode.SUCCESS)
    except typer.Abort as abort:
        # Ctrl-C at a question, or no terminal to ask at.
        nobody = isinstance(abort.__context__, EOFError)
        if nobody:
            # Ends the line of the question.
            remark("")
        remark("Aborted: nobody answered. --yes answers the question." if nobody else "Aborted.")
        return ExitCode.INTERRUPTED if isinstance(abort.__context__, KeyboardInterrupt) else ExitCode.FAILURE
    except SystemExit as ended:
        # Typer ends so when the reader of the output has gone; a shell asks for completions likewise.
        return ExitCode.CUT_OFF if isinstance(ended.__context__, BrokenPipeError) else int(ended.code or 0)
    except typer.TyperException as error:
        return _refuse(error)
    except LookalikeError as error:
        _show(error)
        return code_of(error)
    except ModuleNotFoundError as error:
        if os.environ.get(DEBUG):
            raise
        command = next((word for word in sys.argv[1:] if word in COMMANDS), "")
        missing = _missing(error, command)
        _show(missing or _incomplete(error))
        return ExitCode.FAILURE
    except BaseException as error:
        if os.environ.get(DEBUG) or not (isinstance(error, Exception) or is_panic(error)):
            raise
        known = machine_error(error) or place_error(error) or _unexpected(error)
        _show(known)
        return code_of(known)


def _incomplete(error: ModuleNotFoundError) -> LookalikeError:
    """Python, or the installation, lacks a module that belongs to no extra."""
    if error.name in sys.stdlib_module_names:
        return _without_module(error.name)
    return PermanentError(f"The package {error.name} is not installed.", "Install lookalike again.")


def _without_module(name: str) -> LookalikeError:
    what = f"This Python ({sys.executable}) was built without its module {name}."
    return PermanentError(what, "Install lookalike with another Python, such as that of the system or of uv.")


def _unexpected(error: BaseException) -> LookalikeError:
    # Libraries replace a missing module by None, and fail later.
    for name in OPTIONAL_MODULES:
        if not is_installed(name):
            return _without_module(name)
    what = f"Unexpected error: {type(error).__name__}: {error}"
    return PermanentError(what, "Set LOOKALIKE_DEBUG=1 to see where it comes from, and please report it.")


def _refuse(error: typer.TyperException) -> int:
    """Say what is wrong with the arguments, and where the right ones are explained."""
    context = getattr(error, "ctx", None)
    # Without a message, the help was wanted and is printed.
    if message := error.format_message():
        advice = f"`{context.command_path} --help` shows the arguments." if context else ""
        if any(word.startswith("-") and os.path.lexists(word) for word in sys.argv[1:]):
            advice = "Put -- before names that begin with a hyphen."
        _show(PermanentError(message if message.endswith((".", "?")) else f"{message}.", advice))
    return error.exit_code


def _show(error: LookalikeError) -> None:
    for line in str(error).split("\n"):
        remark(line)
