"""A release has one version, the same bytes for the same commit, and nothing that is not meant for it."""

import json
import re
import subprocess
import tarfile
from email.parser import HeaderParser
from pathlib import Path
from shutil import copy
from zipfile import ZipFile

import pytest

from deploy.locks import read_lock
from deploy.release.__main__ import table
from deploy.release.contexts import write_contexts
from deploy.release.failed import Failed
from deploy.release.materials import check_materials, write_materials
from deploy.release.packages import build_packages, check_packages
from deploy.release.source import check_clean, check_tag
from deploy.release.version import named_versions, raise_version
from lookalike import __version__
from testing.processes import ROOT
from tests.packaging.conftest import EPOCH

TARGETS = {"producer", "flower", "api", "worker", "worker-gpu"}
FOLDERS = ("api", "cli", "evaluation", "lookalike", "producer", "worker")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with the files that images are built of, and one module in each package."""
    folder = tmp_path / "checkout"
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
        (folder / name / "module.py").write_text(f"NAME = {name!r}\n")
    for path in ("Dockerfile", ".dockerignore", ".gitignore", "pyproject.toml", "README.md", "LICENSE"):
        copy(ROOT / path, folder / path)
    for lock in ROOT.glob("requirements*.lock"):
        copy(lock, folder / lock.name)
    (folder / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.3 (unreleased)\n\n## 1.2.2 (2026-01-01)\n")
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "Begin"]):
        git(folder, *words)
    return folder


def git(root: Path, *words: str) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)


def test_every_file_that_names_the_version_has_the_same() -> None:
    versions = dict(named_versions(ROOT))
    assert set(versions.values()) == {__version__}, versions
    assert {"Dockerfile", "docker-compose.yml", "deploy/kubernetes/base/api.yaml", "lookalike/release.py"} <= set(
        versions
    )
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None and newest[1] == __version__


def test_the_version_is_raised_in_every_file_that_names_it(root: Path) -> None:
    (root / "compose.yml").write_text("image: lookalike-worker-gpu:0.1.0\nother: redis:0.1.0\n")
    git(root, "add", "--all")
    assert raise_version(root, "1.2.3rc1") == ["Dockerfile", "compose.yml"]
    assert (root / "compose.yml").read_text() == "image: lookalike-worker-gpu:1.2.3rc1\nother: redis:0.1.0\n"
    assert {version for _, version in named_versions(root)} == {"1.2.3rc1"}


def test_wheel_and_source_distribution_have_the_version_and_the_same_bytes_each_time(
    built: tuple[Path, Path], tmp_path: Path
) -> None:
    again = build_packages(ROOT, tmp_path, EPOCH)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in built]
    check_packages(ROOT, *built, __version__)
    with pytest.raises(Failed, match=rf"has the version {__version__}; lookalike/release\.py has 9\.9"):
        check_packages(ROOT, *built, "9.9")


def test_the_wheel_is_built_from_the_source_distribution_and_keeps_the_time(built: tuple[Path, Path]) -> None:
    wheel, source = built
    with tarfile.open(source) as opened:
        assert {member.mtime for member in opened.getmembers()} == {EPOCH}
    with ZipFile(wheel) as zipped:
        assert {info.date_time[:3] for info in zipped.infolist()} == {(2023, 11, 14)}
        (metadata,) = (name for name in zipped.namelist() if name.endswith("METADATA"))
        assert HeaderParser().parsestr(zipped.read(metadata).decode())["Version"] == __version__


def test_a_context_has_what_its_target_copies_and_no_secrets_caches_or_tests(root: Path, tmp_path: Path) -> None:
    for left_out in (".env", "lookalike/.env", "api/__pycache__/a.pyc", "lookalike/.ruff_cache/b", "tests/test_a.py"):
        (root / left_out).parent.mkdir(parents=True, exist_ok=True)
        (root / left_out).write_text("secret")
    archives = list(write_contexts(root, tmp_path, "1.2.3", EPOCH))
    assert {path.name for path in archives} == {f"lookalike-1.2.3-{target}-context.tar.gz" for target in TARGETS}
    common = {"Dockerfile", ".dockerignore", "pyproject.toml", "README.md", "LICENSE"}
    common |= {f"{folder}/module.py" for folder in FOLDERS}
    for target, locks in {"api": {"api", "worker"}, "producer": {"producer"}, "worker-gpu": {"gpu", "worker"}}.items():
        with tarfile.open(tmp_path / f"lookalike-1.2.3-{target}-context.tar.gz") as opened:
            assert set(opened.getnames()) == common | {f"requirements-{lock}.lock" for lock in locks}
            assert {(member.mtime, member.uid, member.mode) for member in opened} == {(EPOCH, 0, 0o644)}


def test_a_context_with_a_file_that_git_does_not_have_is_refused(root: Path, tmp_path: Path) -> None:
    (root / "worker" / "notes.txt").write_text("not meant for anybody")
    with pytest.raises(Failed, match=r"would have worker/notes\.txt, which git does not have: delete it"):
        list(write_contexts(root, tmp_path, "1.2.3", EPOCH))


def test_a_context_without_a_file_that_the_dockerfile_copies_is_refused(root: Path, tmp_path: Path) -> None:
    ignored = root / ".dockerignore"
    ignored.write_text(ignored.read_text().replace("!LICENSE\n", ""))
    with pytest.raises(Failed, match=r"copies LICENSE for producer, which \.dockerignore keeps out"):
        list(write_contexts(root, tmp_path, "1.2.3", EPOCH))


def test_a_bill_of_materials_is_valid_and_lists_each_locked_package_with_its_hashes(root: Path, tmp_path: Path) -> None:
    bills = list(write_materials(root, tmp_path, "1.2.3", EPOCH))
    assert {path.name for path in bills} == {f"lookalike-1.2.3-{name}.cdx.json" for name in {"all", *TARGETS}}
    bill = tmp_path / "lookalike-1.2.3-producer.cdx.json"
    check_materials(bill)
    said = json.loads(bill.read_text())
    assert said["metadata"]["component"]["purl"] == "pkg:pypi/lookalike@1.2.3"
    listed = {
        (part["purl"], *(digest["content"] for digest in part["externalReferences"][0]["hashes"]))
        for part in said["components"]
    }
    locked = list(read_lock(root / "requirements-producer.lock"))
    assert listed == {(f"pkg:pypi/{one.name}@{one.version}", *sorted(one.hashes)) for one in locked}
    assert {part["name"] for part in said["components"] if "licenses" not in part} == set()
    bill.write_text(json.dumps(said | {"components": [{"name": "without a type"}]}))
    with pytest.raises(Failed, match="is not valid CycloneDX"):
        check_materials(bill)


def test_a_tag_has_the_version_and_its_changelog_has_a_date(root: Path) -> None:
    assert check_tag(root, "1.2.3") == "not tagged: a rehearsal"
    with pytest.raises(Failed, match=r"has version 1\.2\.4; CHANGELOG\.md begins with 1\.2\.3"):
        check_tag(root, "1.2.4")
    git(root, "tag", "v1.2.3")
    with pytest.raises(Failed, match=r"CHANGELOG\.md says that 1\.2\.3 is unreleased"):
        check_tag(root, "1.2.3")
    changelog = root / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("unreleased", "2026-02-01"))
    with pytest.raises(Failed, match=r"not committed, such as CHANGELOG\.md"):
        check_clean(root)
    git(root, "commit", "--quiet", "--all", "--message", "Date the release")
    check_clean(root)
    with pytest.raises(Failed, match=r"v1\.2\.3 is the tag of an earlier commit"):
        check_tag(root, "1.2.3")
    git(root, "tag", "--force", "v1.2.3")
    assert check_tag(root, "1.2.3") == "tagged v1.2.3"
    git(root, "tag", "--delete", "v1.2.3")
    git(root, "tag", "v1.2.2")
    with pytest.raises(Failed, match=r"has the tag v1\.2\.2; its version is 1\.2\.3"):
        check_tag(root, "1.2.3")


def test_the_table_has_name_size_and_digest_of_each_file(tmp_path: Path) -> None:
    (tmp_path / "b.whl").write_bytes(b"")
    (tmp_path / "a.tar.gz").write_bytes(b"x" * 1234)
    first, second = map(str.split, table(tmp_path).splitlines())
    assert first[:2] == ["a.tar.gz", "1,234"]
    assert second == ["b.whl", "0", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]
