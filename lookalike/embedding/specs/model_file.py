"""The files of models, of any kind: what belongs to them, and their digest."""

from pathlib import Path

from lookalike.embedding.specs import graph_file, keras_file

#: How their names end.
SUFFIXES = (keras_file.SUFFIX, *graph_file.SUFFIXES)


def is_graph(path: Path) -> bool:
    """Whether it is an ONNX file or an OpenVINO IR."""
    return path.suffix.lower() in graph_file.SUFFIXES


def parts_of(path: Path) -> list[Path]:
    """The file and all that it reads. Raises ModelUnavailable."""
    return graph_file.parts_of(path) if is_graph(path) else [path]


def sha256_of(path: Path) -> str:
    """The digest in the spec of a file. Raises BadSetting, ModelUnavailable."""
    return graph_file.sha256_of(path) if is_graph(path) else keras_file.sha256_of(path)
