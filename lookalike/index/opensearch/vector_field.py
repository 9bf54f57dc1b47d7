"""The k-NN field of an OpenSearch mapping, and which engines, quantizations and compressions go together.

Sources: https://docs.opensearch.org/latest/mappings/supported-field-types/knn-methods-engines/,
https://docs.opensearch.org/latest/mappings/supported-field-types/knn-memory-optimized/,
https://docs.opensearch.org/latest/vector-search/optimizing-storage/lucene-scalar-quantization/,
https://docs.opensearch.org/latest/vector-search/optimizing-storage/faiss-scalar-quantization/
"""

from typing import Any

from lookalike.errors import BadSetting
from lookalike.index.options import IndexOptions
from lookalike.records import Metric, ModelIdentity

#: Quantizations by engine, and the bits that each keeps of a float32.
ENGINES: dict[str, dict[str, int]] = {
    "lucene": {"byte": 7},
    "faiss": {"fp16": 16, "bit": 1},
    "nmslib": {},
}
#: Compression levels by engine. 4x is not one: it is lucene's quantization to a byte with a worse interval (recall@10
#: .74 instead of .95).
LEVELS = {"lucene": (), "faiss": ("1x", "2x", "8x", "16x", "32x"), "nmslib": ()}
MODES = ("in_memory", "on_disk")
SPACES = {Metric.COSINE: "cosinesimil", Metric.L2: "l2"}
#: The first version that quantizes to one bit by an encoder, and that takes `bits`.
BITS_SINCE = (3, 6)
#: The first version without nmslib.
NO_NMSLIB_SINCE = (3,)


def vector_field(model: ModelIdentity, options: IndexOptions, server_version: tuple[int, ...]) -> dict[str, Any]:
    """The mapping of the field that holds vectors of `model`, for an OpenSearch of this version.

    Raises BadSetting for options that exclude each other.
    """
    check(options, server_version)
    parameters: dict[str, Any] = {"m": options.m, "ef_construction": options.ef_construction}
    if options.quantization != "none":
        parameters["encoder"] = {"name": "sq", "parameters": _encoding(options, server_version)}
    field: dict[str, Any] = {
        "type": "knn_vector",
        "dimension": model.dimension,
        "method": {
            "name": "hnsw",
            # Always set: the default engine crashes a node without its native library (k-NN#2643).
            "engine": options.engine,
            "space_type": SPACES[model.metric],
            "parameters": parameters,
        },
    }
    chosen = {"mode": options.mode, "compression_level": options.compression}
    return field | {name: value for name, value in chosen.items() if value}


def check(options: IndexOptions, server_version: tuple[int, ...]) -> None:
    """Raises BadSetting for options that exclude each other, or that this version of OpenSearch does not have."""
    engine, quantization = options.engine, options.quantization
    if engine not in ENGINES:
        raise BadSetting(f"Unknown k-NN engine {engine!r}.", f"Use {_choices(ENGINES)}.")
    if engine == "nmslib" and server_version >= NO_NMSLIB_SINCE:
        raise BadSetting("OpenSearch 3 and later have no engine nmslib.", "Set LOOKALIKE_ENGINE to lucene or faiss.")
    if quantization not in ("none", *ENGINES[engine]):
        able = [name for name, quantizations in ENGINES.items() if quantization in quantizations]
        advice = f"Set LOOKALIKE_ENGINE to {_choices(able)}" if able else "Use none, byte, fp16 or bit"
        raise BadSetting(f"The engine {engine} has no quantization {quantization!r}.", f"{advice}.")
    if quantization == "bit" and not _takes_bits(server_version):
        raise BadSetting("Quantization `bit` needs OpenSearch 3.6 or later.", "Choose another LOOKALIKE_QUANTIZATION.")
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
        advice = f"Use {_choices(LEVELS['faiss'])} with faiss, or LOOKALIKE_QUANTIZATION=byte with lucene."
        raise BadSetting(f"The engine {engine} has no compression level {level!r}.", advice)


def _encoding(options: IndexOptions, server_version: tuple[int, ...]) -> dict[str, Any]:
    if options.quantization == "fp16" and not _takes_bits(server_version):
        return {"type": "fp16"}
    bits = {"bits": ENGINES[options.engine][options.quantization]}
    # By default Lucene clips outliers: cosines are wrong by up to .18 and recall@10 is .73.
    return bits | {"confidence_interval": 1.0} if options.engine == "lucene" else bits


def _takes_bits(server_version: tuple[int, ...]) -> bool:
    # An AWS domain in compatibility mode reports 7.10.
    return BITS_SINCE <= server_version < (7,)


def _choices(names: Any) -> str:
    return " or ".join(names)
