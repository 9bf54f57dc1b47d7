"""`lookalike model`: which models there are, what one is, and building its compiled graph ahead of need."""

import time
from typing import Annotated

import typer

from cli.console import print_json, remark, results, table
from cli.options import Json, Preprocessing, Weights
from lookalike import configured, embedding
from lookalike.embedding.cache import find
from lookalike.settings import read_settings

app = typer.Typer(
    pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True, help="List, describe and build models."
)

Name = Annotated[
    str | None, typer.Argument(help="A model's name, or a .keras file.", show_default="the configured one")
]


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the models known by name, and which are built."""
    home = read_settings().home
    specs = list(embedding.NAMED.values())
    rows = [(spec.name, spec.fingerprint, find(spec, home) is not None, str(spec.metric)) for spec in specs]
    if json:
        print_json(
            {"models": [dict(zip(("name", "fingerprint", "built", "metric"), row, strict=True)) for row in rows]}
        )
        return
    results.print(
        table("model", "fingerprint", "built", "metric", rows=[(n, f, "yes" if b else "", m) for n, f, b, m in rows])
    )
    remark("A .keras file works as well: --model FILE.keras --preprocessing caffe|tf|torch|lite|none")


@app.command()
def info(name: Name = None, weights: Weights = None, preprocessing: Preprocessing = None, json: Json = False) -> None:
    """Describe a model."""
    settings = read_settings(model=name, weights=weights, preprocessing=preprocessing)
    spec = configured.model_spec(settings)
    facts = {
        "name": spec.name,
        "fingerprint": spec.fingerprint,
        "backbone": spec.backbone,
        "weights": spec.weights,
        "preprocessing": str(spec.preprocessing),
        "head": str(spec.head),
        "metric": str(spec.metric),
        "built": find(spec, settings.home) is not None,
    }
    if json:
        print_json(facts)
    else:
        results.print(table("", "", rows=[(key, str(value)) for key, value in facts.items()]))


@app.command()
def build(name: Name = None, weights: Weights = None, preprocessing: Preprocessing = None, json: Json = False) -> None:
    """Build a model's compiled graph now, so that the first worker starts at once."""
    settings = read_settings(model=name, weights=weights, preprocessing=preprocessing)
    spec = configured.model_spec(settings)
    began = time.monotonic()
    embedding.build_artifact(spec, settings.home)
    identity = embedding.identify(spec, settings.home)
    if json:
        print_json({"name": identity.name, "fingerprint": identity.fingerprint, "dimension": identity.dimension})
    else:
        remark(f"Built {identity} in {time.monotonic() - began:.1f} s.")
