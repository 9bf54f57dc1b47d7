"""What models run on here; asks in another process, so that the caller loads no model library."""

from dataclasses import dataclass
from pathlib import Path

from lookalike.embedding.children import json_process
from lookalike.errors import ModelUnavailable
from lookalike.shown import clause

CHILD = "lookalike.embedding.children.device"
#: A runtime takes a while to load on a busy machine.
TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Device:
    """`precision`: what `auto` means on this CPU. `batch_size`: images per call. `is_measured`: whether both were
    chosen by measuring. `unusable_gpu`: the reason, if any."""

    precision: str
    has_bf16: bool
    batch_size: int
    is_measured: bool
    unusable_gpu: str | None


def examine(gpu_runtime: str | None = None, graph: Path | None = None, precision: str = "auto") -> Device:
    """Ask, also whether `gpu_runtime` can use the GPUs, and how workers run `graph` in a precision.

    Raises ModelUnavailable if the runtime cannot be loaded.
    """
    try:
        return Device(**json_process.run(CHILD, gpu_runtime or "", str(graph or ""), precision, timeout_s=TIMEOUT_S))
    except (json_process.ChildFailed, TypeError) as error:
        raise ModelUnavailable(f"OpenVINO cannot run here: {clause(error)}.", "Reinstall lookalike.") from error
