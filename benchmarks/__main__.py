"""`python -m benchmarks WHAT...`: each name is a module of this folder with a `main`."""

import sys
import time
from importlib import import_module

NAMES = (
    "ingest",
    "start",
    "decode",
    "memory",
    "bulk",
    "verify",
    "listing",
    "archives",
    "ledger",
    "recall",
    "browse",
    "int8",
    "examples",
    "texts",
    "service",
    "peers",
    "ann",
    "map",
    "shown",
    "rows",
    "road",
    "remote",
    "img2dataset",
    "loads",
    "scale",
    "gpu",
)
#: Run only when named: they need further packages, take much longer, or are about recall and not about speed.
NAMED_ONLY = ("browse", "gpu", "img2dataset", "loads", "memory", "peers", "recall", "remote", "road", "rows", "scale")


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"Unknown benchmark {unknown[0]!r}. Choose from {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    for name in names or [name for name in NAMES if name not in NAMED_ONLY]:
        began = time.monotonic()
        import_module(f"benchmarks.{name}").main()
        print(f"The benchmark {name} took {time.monotonic() - began:.0f} s.\n", flush=True)
    return 0


sys.exit(main(sys.argv[1:]))
