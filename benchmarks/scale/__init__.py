"""`make scale`: how index, producer and workers behave with more vectors, references and workers."""

from collections.abc import Sequence


def main(arguments: Sequence[str] = ()) -> None:
    # Not above: the producer under measurement is a module of this package and must load none of this.
    from benchmarks.scale.command import run

    run(arguments)
