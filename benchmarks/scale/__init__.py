"""`make scale`: measures index, producer and workers with more and more vectors, references and workers."""

from collections.abc import Sequence


def main(arguments: Sequence[str] = ()) -> None:
    # Imported here: the measured producer is a module of this package and must not import the rest.
    from benchmarks.scale.command import run

    run(arguments)
