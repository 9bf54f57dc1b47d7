"""Which number formats this CPU has, and which of them is faster. Loads no model library."""

import os
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
#: Values of oneDNN's ONEDNN_MAX_CPU_ISA under which its kernels have no bfloat16.
ISAS_WITHOUT_BF16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI")

#: Words of /proc/cpuinfo on which the speed of a graph depends. A virtual machine may hide some of them.
INSTRUCTIONS = (
    *("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8"),
    *("asimd", "asimddp", "i8mm", "bf16", "sve"),
)


def allows_bf16() -> bool:
    """Whether oneDNN, which computes for OpenVINO, may use bfloat16 instructions."""
    return os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() not in ISAS_WITHOUT_BF16


def is_bf16_faster(cpuinfo: Path = CPUINFO) -> bool:
    """Whether a CPU that has bfloat16 is also faster with it.

    Intel CPUs are only with AMX: without it an image took 1.5 times as long as in float32. An AMD EPYC with AVX-512
    BF16 took half as long (docs/decisions/0007-precision.md). True where the system does not describe its CPU.
    """
    try:
        words = set(cpuinfo.read_text().split())
    except OSError:
        return True
    return "GenuineIntel" not in words or "amx_bf16" in words


def described(cpuinfo: Path = CPUINFO) -> str:
    """What tells this CPU from others for oneDNN: its model, its instructions, and which of them are allowed."""
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "all").upper()
    try:
        text = cpuinfo.read_text()
    except OSError:
        text = ""
    names = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    words = set(text.split())
    found = " ".join(word for word in INSTRUCTIONS if word in words)
    return f"{next(names, 'unknown CPU')} ({found or 'instructions unknown'}), {limit} instructions"


def time_in_8_bits(precision: str, cpuinfo: Path = CPUINFO) -> str:
    """What share of the time in `precision` a model takes with `:int8` on this CPU; docs/performance.md has figures.

    With VNNI one instruction multiplies 8-bit integers and adds in 32 bits.
    """
    try:
        words = set(cpuinfo.read_text().split())
    except OSError:
        words = set()
    if words.isdisjoint({"avx512_vnni", "avx_vnni"}):
        return "55 to 80 %"
    return "half to three quarters" if precision == "bf16" else "a third to half"
