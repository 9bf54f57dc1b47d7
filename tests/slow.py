"""Lets workers take longer for each image, so that a signal hits work however fast or busy the machine is."""

from tests.faults.rig import PATCHES


def slow(decode_s: float) -> dict[str, str]:
    """The environment variables of a worker that takes so much longer to decode an image."""
    return {
        "LOOKALIKE_KEEP_ENV": "PYTHONPATH,FAULT_*",
        "PYTHONPATH": str(PATCHES),
        "FAULT_PATCHES": "slow",
        "FAULT_DECODE_S": str(decode_s),
    }
