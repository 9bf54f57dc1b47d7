"""Resolves what a user writes to a spec: as names.py does, a folder with a manifest, or either with a text side."""

from pathlib import Path

from lookalike.embedding.specs import names, pairs
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.embedding.text.files import TextFiles
from lookalike.errors import BadSetting


def resolve(
    model: str,
    *,
    weights: Path | None = None,
    preprocessing: str | None = None,
    home: Path | None = None,
    text: TextFiles | None = None,
) -> ModelSpec:
    """The spec of a name (any case), of a file or of a folder; `text` are the files of its text side. The other
    arguments are those of `names.resolve`.

    Raises BadSetting for an unknown name, option or preprocessing, ModelUnavailable for a file that cannot be read.
    """
    if pairs.is_folder(model):
        _check_alone(model, {"--weights": weights, "--preprocessing": preprocessing, "--text-model": text})
        return _of_folder(Path(model), home)
    spec = names.resolve(model, weights=weights, preprocessing=preprocessing, home=home)
    return spec if text is None else pairs.paired(spec, text)


def _check_alone(model: str, options: dict[str, object]) -> None:
    for option, given in options.items():
        if given is not None:
            what = f"The folder {model} describes its whole model, so it takes no {option}."
            raise BadSetting(what, f"Leave it out, or change {pairs.MANIFEST} in the folder.")


def _of_folder(folder: Path, home: Path | None) -> ModelSpec:
    manifest = pairs.read_manifest(folder)
    file, colon, options = manifest.image.model.partition(":")
    spec = names.resolve(
        f"{pairs.inside(folder, file)}{colon}{options}", preprocessing=manifest.image.preprocessing, home=home
    )
    named = pairs.named_after(folder, spec)
    return named if manifest.text is None else pairs.paired(named, pairs.text_files(folder, manifest.text))
