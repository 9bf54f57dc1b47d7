"""`lookalike up`: runs the embedded stack in the foreground: broker, worker, query service and optionally Flower."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer
import uvicorn

from lookalike import launch, logs
from lookalike.addresses import bracketed, plain_address
from lookalike.embedded import GuardedProcess, Stack, open_stack, restarted
from lookalike.errors import LookalikeError, PermanentError
from lookalike.preflight import before_serving
from lookalike.settings import Settings, read_settings
from lookalike_cli import flower as flower_page
from lookalike_cli.application import Application
from lookalike_cli.console import remark
from lookalike_cli.options import IndexName, ModelName
from lookalike_cli.ports import FLOWER_PORT, SEARCH_PORT, check_port
from lookalike_cli.serve import Host, OpenToAll, Port, make_server
from lookalike_cli.stopping import stoppable

app = Application()

#: Interval between checks of the stack's processes.
CHECK_EVERY_S = 1.0
#: Flower has no state to save when it ends.
FLOWER_GRACE_S = 2.0


@app.command()
def up(
    host: Host = "127.0.0.1",
    port: Port = SEARCH_PORT,
    index: IndexName = None,
    model: ModelName = None,
    open_to_all: OpenToAll = False,
    flower: Annotated[bool, typer.Option("--flower", help="Also run Flower, on the loopback address.")] = False,
    flower_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of Flower.")] = FLOWER_PORT,
) -> None:
    """Run broker, worker and query service until Ctrl-C."""
    settings = read_settings(index=index, model=model)
    logs.configure(settings.log_format, secrets=settings.secrets)
    server = make_server(settings, host, port, is_open=open_to_all)
    before_serving(settings)

    def check_ports() -> None:
        check_port(host, port)
        if flower:
            check_port(flower_page.LOOPBACK, flower_port, "--flower-port")

    with stoppable("Stopped.", is_endless=True), open_stack(settings, check=check_ports) as stack:
        _check_owner(stack, settings)
        remark(f"Broker: {plain_address(stack.broker_url)}")
        remark(f"Search: http://{bracketed(host)}:{port}/ (web page), /search (API), /docs")
        remark("Ingest from another terminal: lookalike ingest FOLDER")
        if flower:
            remark(f"Flower: http://{flower_page.LOOPBACK}:{flower_port}/")
            with restarted(partial(_start_flower, settings, stack, flower_port)) as flower_process:
                _run(server, stack.check, flower_process.check)
        else:
            _run(server, stack.check)


def _check_owner(stack: Stack, settings: Settings) -> None:
    """Raise PermanentError if another command runs the embedded stack of this home."""
    if stack.is_embedded and not stack.is_owner:
        raise PermanentError(
            f"A stack is already running under {settings.home}.", "Stop it, or set LOOKALIKE_HOME to another folder."
        )


def _run(server: uvicorn.Server, *checks: Callable[[], object]) -> None:
    """Serve until stopped, or until one of the checks raises LookalikeError."""
    watcher = Watcher(*checks)
    watcher.on_failure = lambda: setattr(server, "should_exit", True)
    watcher.start()
    try:
        server.run()
    finally:
        # Also after a signal: the watcher would restart processes that are being stopped.
        watcher.stop()


def _start_flower(settings: Settings, stack: Stack, port: int) -> GuardedProcess:
    command = launch.command("lookalike_cli", "flower", "--port", str(port))
    log = settings.home / "logs" / "flower.log"
    environment = {"LOOKALIKE_BROKER_URL": stack.broker_url, "LOOKALIKE_HOME": str(settings.home)}
    return GuardedProcess("flower", command, log=log, grace_s=FLOWER_GRACE_S, env=environment)


class Watcher(threading.Thread):
    """Checks the stack's processes while the web server runs in the main thread."""

    def __init__(self, *checks: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.on_failure: Callable[[], None] = lambda: None
        self._checks = checks
        self._ending = threading.Event()
        self._failure: LookalikeError | None = None

    def run(self) -> None:
        while not self._ending.wait(CHECK_EVERY_S):
            try:
                for check in self._checks:
                    check()
            except LookalikeError as error:
                self._failure = error
                self.on_failure()
                return

    def stop(self) -> None:
        """Stop checking. Raises LookalikeError if a process could not be restarted."""
        self._ending.set()
        self.join()
        if self._failure is not None:
            raise self._failure
