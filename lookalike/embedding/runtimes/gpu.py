"""What the runtimes have in common that can use a GPU, and which of them does. Loads no model library."""

from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.extras import is_installed
from lookalike.installation import install_command
from lookalike.machine import nvidia_driver
from lookalike.shown import clause

PRECISIONS = ("auto", "f32", "bf16")
#: NVIDIA's compute capability from which on bfloat16 exists: Ampere (CUDA C++ Programming Guide, Compute Capabilities).
BF16_SINCE = (8, 0)
#: What JAX needs beside itself to compute on a GPU of NVIDIA.
PLUGINS = ("jax_cuda13_plugin", "jax_cuda12_plugin")
#: The first branches of the driver for CUDA 13 and for CUDA 12 (CUDA Toolkit Release Notes, "CUDA Driver").
DRIVER_FOR_CUDA_13, DRIVER_FOR_CUDA_12 = 580, 525
#: In what XLA, CUDA and TensorFlow say when a GPU has no memory left.
_EXHAUSTED = ("RESOURCE_EXHAUSTED", "CUDA_ERROR_OUT_OF_MEMORY", "OOM when allocating")


def runtime(asked: str) -> str:
    """The runtime of a worker's GPUs: JAX where it is installed for them, else TensorFlow."""
    if asked == "tensorflow" or (asked != "jax" and not has_jax_for_gpu()):
        return "tensorflow"
    return "jax"


def has_jax_for_gpu() -> bool:
    return is_installed("jax") and any(map(is_installed, PLUGINS))


def advice(driver: int | None = None) -> str:
    """What to do about a GPU that cannot be used; `driver` is the branch of its driver, by default the one here."""
    driver = driver or nvidia_driver()
    on_purpose = "or set CUDA_VISIBLE_DEVICES= to embed on the CPU on purpose."
    if driver is not None and driver < DRIVER_FOR_CUDA_12:
        return f"Its driver ({driver}) is too old: install {DRIVER_FOR_CUDA_13} or newer; {on_purpose}"
    extra = "gpu-cuda12" if driver is not None and driver < DRIVER_FOR_CUDA_13 else "gpu"
    if has_jax_for_gpu():
        return f"See what nvidia-smi says; install the driver, or the packages: {install_command(extra)}; {on_purpose}"
    return f"Install JAX, which runs models on it: {install_command(extra)}; {on_purpose}"


def is_exhausted(error: BaseException) -> bool:
    """Whether the memory of the GPU is the reason: other programs may use it as well."""
    return any(sign in str(error) for sign in _EXHAUSTED)


def reason(error: BaseException) -> str:
    """Why a call of a runtime failed, as a clause."""
    if is_exhausted(error):
        return "the GPU has no memory left for the model; end the other programs that use it (nvidia-smi names them)"
    return f"{type(error).__name__}: {clause(error)}"


def refuse_others(spec: ModelSpec, library: str) -> None:
    """Raises ModelUnavailable for a graph that only OpenVINO runs."""
    if spec.is_quantized:
        what = f"{spec.name} is a quantized model, which OpenVINO runs on the CPU and {library} does not."
        raise ModelUnavailable(what, "Set LOOKALIKE_RUNTIME=openvino, or use the model that it was made from.")
    if spec.is_imported:
        what = f"{spec.name} is an ONNX or OpenVINO model, which OpenVINO runs on the CPU and {library} does not."
        raise ModelUnavailable(what, "Set LOOKALIKE_RUNTIME=openvino, or use a .keras file.")


def precision(asked: str, capability: tuple[int, int] | None) -> str:
    """`asked`, or what `auto` means on a card of this compute capability; None: on the CPU, or not known.

    Older cards have float16, which is not used: numbers above 65,504 overflow in it, and the layers of a model of
    somebody's own may give such. Raises BadSetting.
    """
    if asked not in PRECISIONS:
        raise BadSetting(f"{asked!r} is not a precision.", f"Choose one of {', '.join(PRECISIONS)}.")
    has_bf16 = capability is not None and capability >= BF16_SINCE
    if asked == "bf16" and capability is not None and not has_bf16:
        what = f"This GPU (compute capability {capability[0]}.{capability[1]}) cannot compute in bf16."
        raise BadSetting(what, "Set LOOKALIKE_PRECISION to f32 or auto.")
    if asked == "auto":
        return "bf16" if has_bf16 else "f32"
    return asked
