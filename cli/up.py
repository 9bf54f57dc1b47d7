"""`lookalike up`: the whole embedded stack in the foreground: broker, worker and query service."""

import threading
from collections.abc import Callable

import typer

from cli.console import remark
from cli.options import IndexName, ModelName
from cli.serve import Host, OpenToAll, Port, make_server
from cli.stack import Stack, open_stack
from cli.stopping import stoppable
from lookalike.errors import BadSetting, Refused
from lookalike.settings import read_settings

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

#: How often the processes of the stack are looked at.
CHECK_EVERY_S = 1.0


@app.command()
def up(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    index: IndexName = None,
    model: ModelName = None,
    open_to_all: OpenToAll = False,
) -> None:
    """Start broker, worker and query service, and keep them running until Ctrl-C."""
    settings = read_settings(index=index, model=model)
    server = make_server(settings, host, port, is_open=open_to_all)
    with stoppable("Stopped."), open_stack(settings) as stack:
        if stack.is_embedded and not stack.is_owner:
            raise BadSetting(f"A stack is running under {settings.home} already.", "Stop it, or set LOOKALIKE_HOME.")
        remark(f"Broker: {stack.broker_url}")
        remark(f"Search: http://{host}:{port}/  (the page), /search (POST a picture), /docs")
        remark("Ingest from another terminal: lookalike ingest FOLDER")
        keeper = Keeper(stack)
        keeper.on_failure = lambda: setattr(server, "should_exit", True)
        keeper.start()
        try:
            server.run()
        finally:
            # Also when a signal ended the server: the keeper would start again what is being stopped.
            keeper.stop()


class Keeper(threading.Thread):
    """Looks after the stack's processes while the web server has the main thread."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(daemon=True)
        self.on_failure: Callable[[], None] = lambda: None
        self._stack = stack
        self._ending = threading.Event()
        self._failure: Refused | None = None

    def run(self) -> None:
        while not self._ending.wait(CHECK_EVERY_S):
            try:
                self._stack.check()
            except Refused as error:
                self._failure = error
                self.on_failure()
                return

    def stop(self) -> None:
        """Raises Refused if a process was gone for good."""
        self._ending.set()
        self.join()
        if self._failure is not None:
            raise self._failure
