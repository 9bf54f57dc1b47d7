"""`lookalike model`: lists, describes, builds, adds, fits and quantizes models."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike import embedding, factories
from lookalike.embedding import Head, ModelSpec
from lookalike.embedding.artifacts import added, fitted, quantized
from lookalike.embedding.artifacts.cache import find
from lookalike.embedding.specs.preparation import composed
from lookalike.errors import SourceMissing
from lookalike.fitting import FITTED_HEADS
from lookalike.records import Framing, ImageRef
from lookalike.settings import Settings, read_settings
from lookalike.shown import as_argument
from lookalike_cli.application import Application
from lookalike_cli.console import print_json, remark, results, table
from lookalike_cli.options import BaseModel, Json, Preprocessing, TextModel, Tokenizer, Weights
from lookalike_cli.progress_bar import progress_bar
from lookalike_cli.stopping import stoppable
from lookalike_producer.sources import find_images

if TYPE_CHECKING:
    from lookalike.fitting.add_model import Tried

app = Application(help="List, describe, build, add, fit and quantize models.")

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="Model name, or a .keras, .onnx or OpenVINO .xml file, with options after a colon: resnet50:gem+flip.",
        show_default="LOOKALIKE_MODEL, or efficientnet-lite0",
    ),
]

LAST_WORDS = "Interrupted. No model was saved."


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the models and show which are built; fitted, quantized and added models come first."""
    home = read_settings().home
    own = [fitted.read(home, name).spec for name in fitted.names(home)]
    own += [quantized.read(home, name).spec for name in quantized.names(home)]
    own += [added.read(home, name).spec for name in added.names(home)]
    specs = [*own, *embedding.NAMED.values()]
    columns = ("name", "fingerprint", "built", "metric", "head")
    rows = [(spec.name, spec.fingerprint, _is_built(spec, home), str(spec.metric), str(spec.head)) for spec in specs]
    if json:
        print_json({"models": [dict(zip(columns, row, strict=True)) for row in rows]})
        return
    shown = [(name, fingerprint, "yes" if built else "", *rest) for name, fingerprint, built, *rest in rows]
    results.print(table("model", *columns[1:], rows=shown))
    remark(f"Options follow the name, as in resnet50:gem+flip: {', '.join(embedding.OPTIONS)}")
    remark("For a file: --model FILE.onnx --preprocessing caffe|tf|torch|lite|clip|none; docs/models.md says more.")


@app.command()
def info(
    name: Name = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    text_model: TextModel = None,
    tokenizer: Tokenizer = None,
    json: Json = False,
) -> None:
    """Describe a model."""
    settings = read_settings(
        model=name, weights=weights, preprocessing=preprocessing, text_model=text_model, tokenizer=tokenizer
    )
    spec = factories.model_spec(settings)
    facts = _facts(spec) | {"built": _is_built(spec, settings.home)} | _origin(spec, settings)
    if json:
        print_json(facts)
    else:
        results.print(table("", "", rows=[(key, str(value)) for key, value in facts.items()]))


@app.command()
def build(
    name: Name = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    text_model: TextModel = None,
    tokenizer: Tokenizer = None,
    json: Json = False,
) -> None:
    """Compile a model now, so that the first worker starts without delay."""
    settings = read_settings(
        model=name, weights=weights, preprocessing=preprocessing, text_model=text_model, tokenizer=tokenizer
    )
    spec = factories.model_spec(settings)
    began = time.monotonic()
    embedding.build_artifact(spec, settings.home)
    identity = embedding.identify(spec, settings.home)
    if spec.text is not None:
        embedding.load_text(spec, identity, home=settings.home)
    if json:
        print_json({"name": identity.name, "fingerprint": identity.fingerprint, "dimension": identity.dimension})
    else:
        remark(f"Built {identity} in {time.monotonic() - began:.1f} s.")


@app.command("add")
def add(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="An .onnx, .keras or OpenVINO .xml file, or ./FOLDER. Options may follow a colon."
        ),
    ],
    name: Annotated[str, typer.Option(help="Name of the model.")],
    preprocessing: Preprocessing = None,
    mean: Annotated[
        str | None, typer.Option(help="Mean of pixels from 0 to 1: one number, or of red, green and blue: .5,.4,.3.")
    ] = None,
    std: Annotated[str | None, typer.Option(help="Standard deviation of pixels, written as the mean.")] = None,
    rescale: Annotated[
        str | None,
        typer.Option(
            help="Factor of the pixels, before mean and std. With 1, these are from 0 to 255.", show_default="1/255"
        ),
    ] = None,
    channels: Annotated[str | None, typer.Option(help="Order of the colours: rgb or bgr.", show_default="rgb")] = None,
    size: Annotated[
        int | None,
        typer.Option(help="Side of the images in pixels, where the graph takes any size.", show_default=False),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(help="Order of the dimensions where the graph does not tell: nchw or nhwc.", show_default=False),
    ] = None,
    output: Annotated[
        str | None, typer.Option(help="Name of the tensor with the features.", show_default="the only vector")
    ] = None,
    crop: Annotated[
        str | None,
        typer.Option(
            help="Share of the shorter side that the model sees, such as 224/256, or none.", show_default=False
        ),
    ] = None,
    filter: Annotated[
        str | None,
        typer.Option(help="Filter that scales images, such as bilinear or bicubic.", show_default="bilinear"),
    ] = None,
    text_model: TextModel = None,
    tokenizer: Tokenizer = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an added model of this name.")] = False,
    json: Json = False,
) -> None:
    """Try a model of your own on drawn images, and keep a copy of it under a name."""
    options = {"mean": mean, "std": std, "rescale": rescale, "channels": channels, "size": size, "layout": layout}
    text = composed(preprocessing, options | {"output": output, "crop": crop, "filter": filter})
    settings = read_settings(model=file, preprocessing=text, text_model=text_model, tokenizer=tokenizer)
    added.check_name(settings.home, name, replace_existing=replace)
    from lookalike.fitting.add_model import add_model

    with stoppable(LAST_WORDS):
        made, tried = add_model(settings, name)
    for line in (*_described(made.spec, tried), *tried.notes):
        remark(line)
    spec = made.spec
    remark(f"Added {name} ({spec.fingerprint}, {tried.dimension}-d). Use it with --model {name}.")
    if json:
        facts = {"dimension": tried.dimension, "ms_per_image": round(tried.ms, 3), "notes": list(tried.notes)}
        print_json(_facts(spec) | _origin(spec, settings) | facts | _shares(tried))


def _shares(tried: "Tried") -> dict[str, float]:
    """What the model found of what was drawn."""
    shares = {"same_class": round(tried.same_class, 4)}
    if tried.texts is not None:
        shares |= {"texts_found": round(tried.texts.found, 4), "ms_per_text": round(tried.texts.ms, 3)}
    return shares


def _described(spec: ModelSpec, tried: "Tried") -> Iterator[str]:
    low, high = tried.ends
    numbers = f"as numbers from {low:.4g} to {high:.4g} ({spec.preprocessing})"
    yield f"Images of {spec.size} x {spec.size} pixels, {numbers}; {_seen(spec.frame.framing)}."
    yield f"Vectors of {tried.dimension} numbers; {tried.ms:.1f} ms for an image on one thread of this machine."
    yield f"Of {tried.same_class:.0%} of the drawn images, the nearest one is of the same kind."
    if tried.texts is not None:
        yield f"The names of {tried.texts.found:.0%} of these kinds find one first; {tried.texts.ms:.1f} ms for a text."


@app.command("fit")
def fit(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="Folder of images; one sub-folder per class for lda and classifier."),
    ],
    head: Annotated[str, typer.Option(help=f"Head to fit: {', '.join(FITTED_HEADS)}; pca needs no classes.")],
    name: Annotated[str, typer.Option(help="Name of the new model.")],
    model: BaseModel = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    dimensions: Annotated[int, typer.Option(min=2, max=4096, help="Maximum dimension of the vectors.")] = 256,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of the classifier's training.")] = 0,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a fitted model of this name.")] = False,
    json: Json = False,
) -> None:
    """Fit a model's head to your own images, for better results on such images."""
    settings = read_settings(model=model, weights=weights, preprocessing=preprocessing)
    if head not in FITTED_HEADS:
        raise typer.BadParameter(f"{head!r} is not a head; choose {', '.join(FITTED_HEADS)}")
    fitted.check_name(settings.home, name, replace_existing=replace)
    from lookalike.fitting.fit_model import fit_model

    began = time.monotonic()
    with stoppable(LAST_WORDS):
        made = fit_model(
            settings,
            folder,
            list(_images_in(folder)),
            Head(head),
            name,
            dimensions=dimensions,
            seed=seed,
            progress=progress_bar,
        )
    for note in made.notes:
        remark(note)
    spec = made.head.spec
    remark(f"Fitted {name} ({spec.fingerprint}, {spec.dimension}-d). Use it with --model {name}.")
    if json:
        took = {"rejected": made.rejected, "seconds": round(time.monotonic() - began, 3)}
        print_json(_facts(spec) | _origin(spec, settings) | took)


@app.command("quantize")
def quantize(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of images like those to be indexed; needs no classes.")
    ],
    name: Annotated[str, typer.Option(help="Name of the new model.")],
    model: BaseModel = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    count: Annotated[
        int, typer.Option("--count", "--pictures", min=32, max=4096, help="Number of images to calibrate with.")
    ] = 300,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a quantized model of this name.")] = False,
    json: Json = False,
) -> None:
    """Quantize a model to 8-bit integers: faster on a CPU, but its vectors need their own index."""
    settings = read_settings(model=model, weights=weights, preprocessing=preprocessing)
    quantized.check_name(settings.home, name, replace_existing=replace)
    from lookalike.fitting.quantize_model import quantize_model

    began = time.monotonic()
    with stoppable(LAST_WORDS):
        made = quantize_model(settings, _images_in(folder), name, count=count, progress=progress_bar)
    calibration = made.calibration
    cosines = f"median {calibration.cosine}, minimum {calibration.cosine_least}"
    remark(f"Cosine with the vectors of {calibration.base}: {cosines}.")
    remark(
        f"Compare the search quality: lookalike evaluate FOLDER --models {as_argument(f'{calibration.base},{name}')}"
    )
    remark(f"Quantized {name} ({made.spec.fingerprint}, {made.spec.dimension}-d). Use it with --model {name}.")
    if json:
        took = {"seconds": round(time.monotonic() - began, 3)}
        print_json(_facts(made.spec) | _origin(made.spec, settings) | took)


def _images_in(folder: Path) -> Iterator[ImageRef]:
    if not folder.is_dir():
        raise SourceMissing(f"{folder} is not a folder.", "Give a folder with images.")
    return find_images([str(folder)])


def _facts(spec: ModelSpec) -> dict[str, Any]:
    return (
        {
            "name": spec.name,
            "fingerprint": spec.fingerprint,
            "backbone": spec.backbone,
            "weights": spec.weights,
            "preprocessing": str(spec.preprocessing),
            "size": spec.size,
            "pooling": str(spec.pooling),
            "flip": spec.flip,
            "quantized": spec.is_quantized,
            "head": str(spec.head),
            "dimension": spec.dimension,
            "metric": str(spec.metric),
        }
        | _numbers(spec)
        | _text_facts(spec)
    )


def _numbers(spec: ModelSpec) -> dict[str, Any]:
    """What was said of the input and the output of a file; empty for most models."""
    numbers = {} if spec.scaling is None else vars(spec.scaling)
    seen = {} if spec.framing is None else {"crop": spec.framing.crop, "filter": str(spec.framing.filter)}
    return numbers | seen | {key: value for key, value in (("layout", spec.layout), ("output", spec.output)) if value}


def _text_facts(spec: ModelSpec) -> dict[str, Any]:
    """The text side of a model; empty if it has none."""
    side = spec.text
    return {} if side is None else {"text_model": side.model, "tokenizer": side.tokenizer, "text_length": side.length}


def _seen(framing: Framing) -> str:
    if framing.crop is None:
        part = "the whole image"
    elif framing.is_squeezed:
        part = f"the middle {framing.crop:.0%} of its width and of its height"
    else:
        part = f"a square in its middle, {framing.crop:.0%} of its shorter side"
    return f"{part}, scaled with the filter {framing.filter}"


def _origin(spec: ModelSpec, settings: Settings) -> dict[str, Any]:
    """What a model was fitted to or calibrated with, or which file it was added from; empty for other models."""
    if added.exists(settings.home, spec.name):
        kept = added.read(settings.home, spec.name)
        return {"source": kept.source, "added_at": kept.added_at}
    if spec.has_graph_file:
        return vars(quantized.read(settings.home, spec.name).calibration)
    return vars(fitted.read(settings.home, spec.name).origin) if spec.head.is_fitted else {}


def _is_built(spec: ModelSpec, home: Path) -> bool:
    return find(spec, home) is not None
