"""The k-NN field of an OpenSearch mapping, and which engines, quantizations and compressions go together.

Sources: https://docs.opensearch.org/latest/mappings/supported-field-types/knn-methods-engines/,
https://docs.opensearch.org/latest/mappings/supported-field-types/knn-memory-optimized/,
https://docs.opensearch.org/latest/vector-search/optimizing-storage/lucene-scalar-quantization/,
https://docs.opensearch.org/latest/vector-search/optimizing-storage/faiss-scalar-quantization/,
https://docs.opensearch.org/latest/vector-search/optimizing-storage/exact-search-scalar-quantization/
"""

from dataclasses import replace
from typing import Any

from lookalike.errors import BadSetting
from lookalike.index.opensearch import server_version
from lookalike.index.opensearch.server_version import BITS_SINCE, NO_NMSLIB_SINCE, Number
from lookalike.index.options import IndexOptions
from lookalike.records import Metric, ModelIdentity

#: One bit without a graph: a search compares all vectors. The name of OpenSearch's method as well.
FLAT = "flat"
FLOAT_BITS = 32
#: Quantizations by engine, and the bits that each keeps of a float32.
ENGINES: dict[str, dict[str, int]] = {
    "lucene": {"byte": 7, "bit": 1, FLAT: 1},
    "faiss": {"fp16": 16, "bit": 1},
    "nmslib": {},
}
#: Compression levels by engine. 4x is not one: it is lucene's quantization to a byte with a worse interval (recall@10
#: .74 instead of .95).
LEVELS = {"lucene": ("32x",), "faiss": ("1x", "2x", "8x", "16x", "32x"), "nmslib": ()}
MODES = ("in_memory", "on_disk")
SPACES = {Metric.COSINE: "cosinesimil", Metric.L2: "l2"}


def vector_field(model: ModelIdentity, options: IndexOptions, version: Number) -> dict[str, Any]:
    """The mapping of the field that holds vectors of `model`, for an OpenSearch of this version.

    Raises BadSetting for options that exclude each other.
    """
    check(options, version)
    options = _by_quantization(options)
    field = {"type": "knn_vector", "dimension": model.dimension, "method": _method(model, options, version)}
    chosen = {"mode": options.mode, "compression_level": options.compression}
    return field | {name: value for name, value in chosen.items() if value}


def _method(model: ModelIdentity, options: IndexOptions, version: Number) -> dict[str, Any]:
    space = {"space_type": SPACES[model.metric]}
    if options.quantization == FLAT:
        # It takes no engine: Lucene is the only one that has it.
        return {"name": FLAT, **space}
    parameters: dict[str, Any] = {"m": options.m, "ef_construction": options.ef_construction}
    if options.quantization != "none":
        parameters["encoder"] = {"name": "sq", "parameters": _encoding(options, version)}
    # The engine is always set: the default one crashes a node without its native library (k-NN#2643).
    return {"name": "hnsw", "engine": options.engine, **space, "parameters": parameters}


def _by_quantization(options: IndexOptions) -> IndexOptions:
    """Lucene's level 32x as what it is: quantization to one bit, whose queries ask for rescoring."""
    is_level = (options.engine, options.quantization, options.compression) == ("lucene", "none", "32x")
    if is_level and options.mode in ("", "in_memory"):
        return replace(options, quantization="bit", compression="", mode="")
    return options


def check(options: IndexOptions, version: Number) -> None:
    """Raises BadSetting for options that exclude each other, or that this version of OpenSearch does not have."""
    options = _by_quantization(options)
    engine, quantization = options.engine, options.quantization
    if engine not in ENGINES:
        raise BadSetting(f"Unknown k-NN engine {engine!r}.", f"Use {_choices(ENGINES)}.")
    if engine == "nmslib" and version >= NO_NMSLIB_SINCE:
        raise BadSetting("OpenSearch 3 and later have no engine nmslib.", "Set LOOKALIKE_ENGINE to lucene or faiss.")
    if quantization not in ("none", *ENGINES[engine]):
        able = [name for name, quantizations in ENGINES.items() if quantization in quantizations]
        advice = f"Set LOOKALIKE_ENGINE to {_choices(able)}" if able else "Use none, byte, fp16, bit or flat"
        raise BadSetting(f"The engine {engine} has no quantization {quantization!r}.", f"{advice}.")
    if quantization in ("bit", FLAT) and not server_version.has(version, BITS_SINCE):
        what = (
            f"Quantization `{quantization}` needs OpenSearch 3.6 or later; this one is {server_version.shown(version)}"
        )
        raise BadSetting(f"{what}.", "Choose another LOOKALIKE_QUANTIZATION or LOOKALIKE_COMPRESSION.")
    _check_compression(options)


def _check_compression(options: IndexOptions) -> None:
    engine, mode, level = options.engine, options.mode, options.compression
    if options.quantization != "none" and (mode or level):
        raise BadSetting(
            f"Quantization {options.quantization} cannot be combined with a mode or a compression level.",
            "Unset LOOKALIKE_QUANTIZATION, or LOOKALIKE_VECTOR_MODE and LOOKALIKE_COMPRESSION.",
        )
    if mode not in ("", *MODES):
        raise BadSetting(f"Unknown vector mode {mode!r}.", f"Use {_choices(MODES)}.")
    if engine != "faiss" and (mode == "on_disk" or (mode and engine == "nmslib")):
        raise BadSetting(
            f"The engine {engine} has no mode {mode}.", "Set LOOKALIKE_ENGINE=faiss, or unset LOOKALIKE_VECTOR_MODE."
        )
    if level and level not in LEVELS[engine]:
        advice = f"Use {_choices(LEVELS['faiss'])} with faiss, or 32x or LOOKALIKE_QUANTIZATION=byte with lucene."
        raise BadSetting(f"The engine {engine} has no compression level {level!r}.", advice)


def _encoding(options: IndexOptions, version: Number) -> dict[str, Any]:
    if options.quantization == "fp16" and not server_version.has(version, BITS_SINCE):
        return {"type": "fp16"}
    bits = {"bits": ENGINES[options.engine][options.quantization]}
    # By default Lucene clips outliers: cosines are wrong by up to .18 and recall@10 is .73. One bit has no interval.
    return bits | {"confidence_interval": 1.0} if options.quantization == "byte" else bits


def _choices(names: Any) -> str:
    return " or ".join(names)
