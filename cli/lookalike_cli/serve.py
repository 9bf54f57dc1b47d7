"""`lookalike serve`: runs the query service in the foreground."""

import logging
from typing import Annotated

import typer

from lookalike import logs
from lookalike.addresses import is_loopback
from lookalike.broker import broker_location
from lookalike.embedded.redis_server import broker_url
from lookalike.errors import BadSetting
from lookalike.plural import counted
from lookalike.preflight import before_serving
from lookalike.settings import Settings, read_settings
from lookalike_api.app import make_app
from lookalike_api.same_user import SameUserConnection
from lookalike_api.server import Connection, Server
from lookalike_cli.application import Application
from lookalike_cli.options import IndexName, ModelName, Preprocessing, TextModel, Tokenizer, Weights
from lookalike_cli.ports import SEARCH_PORT, check_port
from lookalike_cli.stopping import stoppable

logger = logging.getLogger(__name__)

app = Application()

#: Characters of an API key for other machines: fewer are refused, or named in a warning.
SHORTEST_KEY, SHORT_KEY = 8, 16
_STRONG = "Set LOOKALIKE_API_KEY to 32 random characters, such as those of `openssl rand -hex 16`."

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")]
RootPath = Annotated[
    str | None, typer.Option("--root-path", help="Path under which a proxy serves this, such as /photos.")
]
OpenToAll = Annotated[bool, typer.Option("--open-to-all", help="Allow a public address without an API key.")]


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = SEARCH_PORT,
    index: IndexName = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    text_model: TextModel = None,
    tokenizer: Tokenizer = None,
    root_path: RootPath = None,
    open_to_all: OpenToAll = False,
) -> None:
    """Serve searches over HTTP: a web page at /, the API at /search, its documentation at /docs."""
    settings = read_settings(
        index=index,
        model=model,
        weights=weights,
        preprocessing=preprocessing,
        text_model=text_model,
        tokenizer=tokenizer,
        root_path=root_path,
    )
    logs.configure(settings.log_format, secrets=settings.secrets)
    server = make_server(settings, host, port, is_open=open_to_all)
    check_port(host, port)
    before_serving(settings)
    # Without last words: each line that the service prints has the format of the logs.
    with stoppable("", is_endless=True):
        server.run()


def make_server(settings: Settings, host: str, port: int, *, is_open: bool = False) -> Server:
    """Return the server, not yet running. Raises BadSetting for a public address without a key, unless `is_open`."""
    has_key = settings.api_key is not None
    is_local = is_loopback(host)
    if not (is_local or has_key or is_open):
        raise BadSetting(
            f"{host} is reachable from other machines, but no API key is set.",
            "Set LOOKALIKE_API_KEY, or use --open-to-all if everyone may see all images.",
        )
    if settings.api_key is not None and not is_local:
        _check_strength(settings.api_key.get_secret_value(), host)
    # Without a configured broker, use the embedded one: another command may be running it.
    url = broker_location(settings) or broker_url(settings.home)
    # Every user of this machine reaches the loopback address.
    is_own = is_local and not has_key and not is_open
    application = make_app(settings, broker_url=url, is_local=is_local, is_own=is_own)
    return Server(application, host, port, SameUserConnection if is_own else Connection)


def _check_strength(key: str, host: str) -> None:
    """Raise BadSetting for a key that is guessed at once, and warn of one that is guessed in time."""
    what = f"The API key has only {counted(len(key), 'character')}, and {host} is reachable from other machines."
    if len(key) < SHORTEST_KEY or len(set(key)) < SHORTEST_KEY // 2:
        raise BadSetting(what if len(key) < SHORTEST_KEY else "The API key repeats the same few characters.", _STRONG)
    if len(key) < SHORT_KEY:
        logger.warning("%s %s", what, _STRONG)
