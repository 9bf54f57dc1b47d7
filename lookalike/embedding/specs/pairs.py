"""Pairs of encoders of one space: a model for images and one for texts, from files or from a folder with a manifest."""

from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lookalike.embedding.specs.regular import opened
from lookalike.embedding.specs.spec import Head, ModelSpec, Pooling
from lookalike.embedding.text.files import MOST_TOKENS, TextFiles, side_of
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.shown import clause, shown

#: Makes a folder a model.
MANIFEST = "lookalike.json"


class ImageManifest(BaseModel):
    """The image side: the file of its model, and the options of such a file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str
    preprocessing: str | None = None


class TextManifest(BaseModel):
    """The text side; see `TextSide`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str
    tokenizer: str
    length: int | None = Field(None, ge=1, le=MOST_TOKENS)
    pad: bool = False
    pad_token: str | None = None
    lowercase: bool = False
    output: str | None = None


class Manifest(BaseModel):
    """What the files of a folder are. Their paths are relative to it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    image: ImageManifest
    text: TextManifest | None = None


def is_folder(model: str) -> bool:
    """Whether this is the path of a folder. It has a slash: a folder of the working folder must not pass for a name."""
    return ("/" in model or "\\" in model) and Path(model).is_dir()


def read_manifest(folder: Path) -> Manifest:
    """Raises ModelUnavailable for a manifest that cannot be read, BadSetting for another content."""
    path = folder / MANIFEST
    try:
        with opened(path) as file:
            return Manifest.model_validate_json(file.read())
    except FileNotFoundError as error:
        raise BadSetting(
            f"The folder {folder} has no {MANIFEST}, which says what its files are.", "docs/models.md says how."
        ) from error
    except OSError as error:
        raise ModelUnavailable(f"{path} cannot be read: {clause(error.strerror or error)}.", "Correct it.") from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise BadSetting(
            f"{path} is no description of a model: {f'{where}: ' if where else ''}{clause(fault['msg'])}.",
            "docs/models.md says what it contains.",
        ) from error


def inside(folder: Path, name: str) -> Path:
    """The path of a file of the folder. Raises BadSetting for one that lies elsewhere."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise BadSetting(
            f"{folder / MANIFEST} names {shown(name)}, which is outside its folder.",
            "Put all files of a model into it.",
        )
    return folder / name


def text_files(folder: Path, text: TextManifest) -> TextFiles:
    """Raises BadSetting."""
    return TextFiles(
        inside(folder, text.model),
        inside(folder, text.tokenizer),
        length=text.length,
        is_padded=text.pad,
        padding=text.pad_token,
        is_lowercase=text.lowercase,
        output=text.output,
    )


def files_of(text_model: Path | None, tokenizer: Path | None) -> TextFiles | None:
    """The files that a caller gives; None for neither. Raises BadSetting for one without the other."""
    if text_model is None and tokenizer is None:
        return None
    if text_model is None or tokenizer is None:
        missing = "no tokenizer" if tokenizer is None else "no text encoder"
        given = text_model or tokenizer
        raise BadSetting(f"There is {missing} to {given}.", "Give both: --text-model FILE --tokenizer tokenizer.json.")
    return TextFiles(text_model, tokenizer)


def paired(spec: ModelSpec, files: TextFiles) -> ModelSpec:
    """The model with a text side. Images keep the vector that their encoder gives: any head would leave the space.

    Raises BadSetting for a model that has a text side or a head of its own, and what `side_of` raises.
    """
    if spec.text is not None:
        raise BadSetting(f"{spec.name} has a text side already.", "Leave --text-model and --tokenizer out.")
    # The head of a quantized model is in its graph.
    replaceable = (Head.POOLED,) if spec.has_graph_file else (Head.PROJECTION, Head.POOLED)
    if spec.head not in replaceable or spec.pooling is Pooling.GEM:
        raise BadSetting(
            f"The vectors of {spec.name} are not those of an encoder that was trained with one for texts.",
            "Leave out the options that change them, or the text encoder.",
        )
    return replace(spec, head=Head.POOLED, text=side_of(files))


def named_after(folder: Path, spec: ModelSpec) -> ModelSpec:
    """The model under the name of its folder, with the options that follow the name of the file."""
    _, colon, options = spec.name.partition(":")
    return replace(spec, name=f"{folder.absolute().name}{colon}{options}")
