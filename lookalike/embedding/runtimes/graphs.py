"""Graphs compiled with OpenVINO for this CPU: in which precision, for how many images per call, on how many threads."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import LifoQueue
from typing import Any

from lookalike.embedding.runtimes import cpu
from lookalike.embedding.runtimes.choices import Choices, Way
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.exhaustion import machine_error
from lookalike.shown import clause

#: Images per call of a graph that is not measured: 1 needs no padding, and 2 to 8 gain at most 4 % in float32.
BATCH_SIZE = 1
PRECISIONS = ("auto", "f32", "bf16")


@dataclass(frozen=True)
class Graph:
    """A graph on disk for images of `size`, to vectors of `dimension`; all that run it share the `threads`."""

    path: Path
    size: int
    dimension: int
    threads: int

    def requests(self, precision: str, *, streams: int = 1, count: int = BATCH_SIZE) -> LifoQueue[Any]:
        """One inference request per stream, for `count` images. Last in, first out: its memory is in the cache.

        Raises ModelUnavailable, MachineExhausted.
        """
        settings = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": self.threads,
            "NUM_STREAMS": streams,
            # Otherwise every process pins its thread to the same core.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            compiled = self._compiled(count, settings)
        except RuntimeError as error:
            raise machine_error(error) or self._unusable(clause(error)) from error
        requests: LifoQueue[Any] = LifoQueue()
        for _ in range(streams):
            requests.put(compiled.create_infer_request())
        return requests

    def _compiled(self, count: int, settings: dict[str, Any]) -> Any:
        model = core().read_model(self.path)
        model.reshape([count, self.size, self.size, 3])
        compiled = core().compile_model(model, "CPU", settings)
        found, expected = list(compiled.output(0).shape), [count, self.dimension]
        if found != expected:
            raise self._unusable(f"it returns {found}, not {expected} numbers")
        return compiled

    def _unusable(self, why: str) -> ModelUnavailable:
        what = f"The compiled model {self.path} cannot run: {why}."
        return ModelUnavailable(what, "Delete the file: the next use builds it.")


@cache
def core() -> Any:
    """The only OpenVINO core of this process.

    Each core installs a stack for signal handlers and restores the previous one when it is deleted. If two cores are
    deleted in the order of their creation, the second restores a freed stack, and the next signal kills the process.
    """
    return openvino.Core()


def chosen_way(graph: Path, precision: str) -> Way | None:
    """What was measured to be fastest on this CPU, or None if it is not measured."""
    return kept_choices(graph, precision).read()


def kept_choices(graph: Path, precision: str) -> Choices:
    """What was chosen for a graph, if this CPU, this OpenVINO and the asked precision run it on one thread."""
    return Choices(graph, f"{cpu.described()}, 1 thread, precision {precision}, OpenVINO {openvino.__version__}")


def precisions_for(asked: str) -> list[str]:
    """Those to choose from, the usual one first. Raises BadSetting."""
    if asked not in PRECISIONS:
        raise BadSetting(f"{asked!r} is not a precision.", f"Choose one of {', '.join(PRECISIONS)}.")
    if asked == "bf16" and not has_bf16():
        raise BadSetting("This CPU cannot compute in bf16.", "Choose the precision f32 or auto.")
    if asked != "auto":
        return [asked]
    return sorted(["f32", "bf16"] if has_bf16() else ["f32"], key=lambda one: one != default_precision())


def default_precision() -> str:
    """The precision that `auto` means on this CPU: the faster one."""
    return "bf16" if has_bf16() and cpu.is_bf16_faster() else "f32"


def has_bf16() -> bool:
    """Whether this CPU can compute in bfloat16 natively."""
    return cpu.allows_bf16() and "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
