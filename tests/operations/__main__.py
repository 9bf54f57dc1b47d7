"""`python -m tests.operations` rewrites the transcript of docs/operations.md; `--images FOLDER` uses your images."""

import argparse
import re
import sys
import tempfile
from pathlib import Path

from benchmarks.page import renew
from lookalike.embedding import build_artifact, resolve
from lookalike.samples import PAINTERS
from lookalike.settings import read_settings
from testing.processes import make_home
from testing.services import ServiceMissing
from testing.services.opensearch import OpenSearchServer
from testing.services.redis import RedisServer
from tests.browser.stage import draw
from tests.operations.operator import Said, environment, typed
from tests.operations.page import PAGE, blocks

SECTIONS = ("Run", "Watch")
PER_CLASS = 12
#: The names of this run's folders in the transcript.
CALLED = {"home": "/var/lib/lookalike", "pictures": "/srv/pictures"}
#: Escape sequences for colours and cursor movements.
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.operations", description=__doc__)
    parser.add_argument("--images", type=Path, help="a folder; without it, images are drawn")
    chosen = parser.parse_args().images
    try:
        with tempfile.TemporaryDirectory() as folder:
            said, names = _recorded(Path(folder), chosen)
    except ServiceMissing as missing:
        sys.exit(f"Nothing is recorded: {missing}")
    if said.code:
        sys.exit(f"Nothing is recorded, for a command failed:\n{said.text}")
    text = "\n".join(line.rstrip() for line in CONTROL.sub("", said.text).splitlines())
    for name, called in names.items():
        text = text.replace(name, called)
    command = "python -m tests.operations"
    renew(PAGE, "transcript", command, f"```text\n{text.strip()}\n```", writer=command)


def _recorded(folder: Path, chosen: Path | None) -> tuple[Said, dict[str, str]]:
    model_home = read_settings().home
    build_artifact(resolve("efficientnet-lite0"), model_home)
    home = make_home(folder, model_home)
    drawn, queries = draw(folder, tuple(PAINTERS), PER_CLASS)
    images = (chosen or drawn).resolve()
    query = next(path for path in sorted((chosen or queries).rglob("*.jpg")))
    commands = [command for block in blocks() if block.section in SECTIONS for command in block.commands]
    with OpenSearchServer() as server, RedisServer() as broker:
        place = environment(home, broker.url, server.url, images, query, broker.folder)
        said = typed(commands, place, folder)
    names = {str(images): CALLED["pictures"], str(home): CALLED["home"], str(folder): "/srv"}
    return said, names


if __name__ == "__main__":
    main()
