"""`make release`: packages, build contexts of the images and bills of materials, checked, in dist/."""

import argparse
import shutil
import sys
from hashlib import sha256
from pathlib import Path

from deploy.engines import ROOT
from deploy.release.contexts import write_contexts
from deploy.release.failed import Failed
from deploy.release.materials import check_materials, write_materials
from deploy.release.packages import build_packages, check_install, check_packages
from deploy.release.source import check_clean, check_tag, commit_time
from lookalike import __version__


def release(root: Path, folder: Path) -> str:
    """Build everything into `folder` and check it. Returns what the tag says. Raises Failed."""
    check_clean(root)
    tag, epoch = check_tag(root, __version__), commit_time(root)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    wheel, source = build_packages(root, folder, epoch)
    check_packages(root, wheel, source, __version__)
    check_install(wheel, __version__)
    list(write_contexts(root, folder, __version__, epoch))
    for bill in write_materials(root, folder, __version__, epoch):
        check_materials(bill)
    return tag


def table(folder: Path) -> str:
    """File, size in bytes and SHA-256 of everything in a folder, a line each."""
    rows = [(path.name, f"{path.stat().st_size:,}", sha256(path.read_bytes()).hexdigest()) for path in folder.iterdir()]
    wide = max(len(name) for name, _, _ in rows)
    return "\n".join(f"{name:{wide}}  {size:>11}  {digest}" for name, size, digest in sorted(rows))


def main() -> None:
    """Exit code 1 and the reason if something may not be published."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "dist", help="where to write; emptied first")
    folder = parser.parse_args().folder
    try:
        tag = release(ROOT, folder)
    except Failed as failure:
        sys.exit(str(failure))
    print(table(folder))
    print(f"lookalike {__version__}, {tag}. All checks passed; nothing was published.")


if __name__ == "__main__":
    main()
