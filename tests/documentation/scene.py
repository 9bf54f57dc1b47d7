"""The stage of a page: a home with the default model, built once, and some images of the reader's own."""

from pathlib import Path

from documentation.snippets.stage import Stage
from lookalike.samples import Sample, keep
from testing.services.ports import free_port
from tests.browser.stage import LABELS, QUERY_SEED, SEED

#: Where lookalike keeps its files for somebody who has set nothing, on Linux.
LOOKALIKE_HOME = Path(".local/share/lookalike")
PER_LABEL = 2


def set_stage(folder: Path, model_home: Path) -> Stage:
    """The reader stands in the home folder, which has `Pictures` and `photo.jpg`."""
    home = folder / "home"
    (home / LOOKALIKE_HOME).mkdir(parents=True)
    (home / LOOKALIKE_HOME / "models").symlink_to(model_home / "models")
    for label in LABELS:
        for number in range(PER_LABEL):
            sample = Sample(label, number, SEED)
            keep(sample, home / "Pictures" / sample.path)
    keep(Sample(LABELS[0], 0, QUERY_SEED), home / "photo.jpg")
    # One process of a worker: the pages show what is found, not how fast.
    return Stage(home, home, free_port(), {"LOOKALIKE_CONCURRENCY": "1"})
