"""The build context of each container image: what `docker build` gets, as one archive."""

import gzip
import tarfile
from collections.abc import Iterator
from pathlib import Path

from docker.utils.build import exclude_paths

from deploy.release.dockerfile import paths_of, read_stages, targets
from deploy.release.failed import Failed
from deploy.release.source import tracked

#: Every context has them.
ALWAYS = ("Dockerfile", ".dockerignore")


def write_contexts(root: Path, folder: Path, version: str, epoch: int) -> Iterator[Path]:
    """One archive for each target: `docker build --target api - < ...-api-context.tar.gz`. Raises Failed."""
    stages, sent, known = read_stages(root / "Dockerfile"), sent_files(root), tracked(root)
    for target in targets(stages):
        wanted = {*ALWAYS, *paths_of(target, stages)}
        members = sorted(name for name in sent if any(_is_within(name, path) for path in wanted))
        _check(target, members, wanted, known)
        archive = folder / f"lookalike-{version}-{target}-context.tar.gz"
        _write(root, archive, members, epoch)
        yield archive


def sent_files(root: Path) -> set[str]:
    """The files that .dockerignore lets through."""
    lines = (root / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    return {path for path in exclude_paths(str(root), patterns) if (root / path).is_file()}


def _is_within(name: str, path: str) -> bool:
    return name == path or name.startswith(f"{path}/")


def _check(target: str, members: list[str], wanted: set[str], known: set[str]) -> None:
    if strange := sorted(set(members) - known):
        raise Failed(f"The context of {target} would have {strange[0]}, which git does not have: delete it.")
    if missing := sorted(path for path in wanted if not any(_is_within(name, path) for name in members)):
        raise Failed(f"The Dockerfile copies {missing[0]} for {target}, which .dockerignore keeps out.")


def _write(root: Path, archive: Path, members: list[str], epoch: int) -> None:
    """Without owners and with one time, so that the same commit gives the same bytes everywhere."""
    with (
        archive.open("wb") as file,
        gzip.GzipFile("", "wb", mtime=epoch, fileobj=file) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as opened,
    ):
        for name in members:
            path = root / name
            member = tarfile.TarInfo(name)
            member.size, member.mtime = path.stat().st_size, epoch
            member.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            with path.open("rb") as content:
                opened.addfile(member, content)
