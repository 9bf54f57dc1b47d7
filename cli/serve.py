"""`lookalike serve`: the query service in the foreground."""

from typing import Annotated

import typer
import uvicorn

from api.app import make_app
from cli.options import IndexName, ModelName, Preprocessing, Weights
from lookalike.settings import Settings, read_settings

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")]


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    index: IndexName = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
) -> None:
    """Answer searches over HTTP: POST a picture to /search."""
    settings = read_settings(index=index, model=model, weights=weights, preprocessing=preprocessing)
    make_server(settings, host, port).run()


def make_server(settings: Settings, host: str, port: int) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(make_app(settings), host=host, port=port, log_level="info"))
