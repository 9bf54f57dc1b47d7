"""A compiled model on disk is complete, or it is built again."""

import hashlib
import json
import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from lookalike.embedding import Artifact, ModelSpec, build_artifact, identify, load, resolve
from lookalike.embedding.artifacts.cache import find
from lookalike.errors import ModelUnavailable
from tests.embedding import onnx_files


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    """Of an ONNX file: it is built in a fifth of the time that one of Keras takes."""
    file = onnx_files.encoder(tmp_path_factory.mktemp("models") / "small.onnx")
    return resolve(str(file), preprocessing="none")


@pytest.fixture(scope="module")
def artifact(spec: ModelSpec, home: Path) -> Artifact:
    return build_artifact(spec, home)


def test_the_manifest_names_the_model(artifact: Artifact, spec: ModelSpec) -> None:
    manifest = json.loads((artifact.graph.parent / "manifest.json").read_text())
    assert manifest["fingerprint"] == spec.fingerprint == artifact.graph.parent.name
    assert (manifest["name"], manifest["dimension"], manifest["metric"]) == ("small", onnx_files.DIMENSION, "cosine")
    assert ModelSpec.from_json(json.dumps(manifest["spec"])) == spec


def test_a_built_model_is_not_built_again(artifact: Artifact, spec: ModelSpec, home: Path) -> None:
    before = artifact.graph.stat()
    assert build_artifact(spec, home) == artifact
    assert artifact.graph.stat().st_ino == before.st_ino


@pytest.mark.parametrize("part", ["model.bin", "manifest.json"])
def test_a_damaged_model_is_noticed_and_built_again(
    part: str, artifact: Artifact, spec: ModelSpec, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = artifact.graph.parent / part
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert build_artifact(spec, home) == artifact
    assert "is damaged" in caplog.text
    assert sorted(path.name for path in (home / "models").glob(".*")) == []


def test_a_missing_file_of_a_built_model_is_noticed(artifact: Artifact, spec: ModelSpec, home: Path) -> None:
    artifact.graph.unlink()
    assert find(spec, home) is None
    assert build_artifact(spec, home) == artifact


def test_two_processes_can_build_at_the_same_time(spec: ModelSpec, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from lookalike.embedding import ModelSpec, build_artifact\n"
        "print(build_artifact(ModelSpec.from_json(sys.argv[1]), Path(sys.argv[2])).graph)"
    )
    command = [sys.executable, "-c", code, spec.to_json(), str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
    answers = {process.communicate()[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(answers) == 1
    assert [path.name for path in (tmp_path / "models").iterdir()] == [spec.fingerprint]


def test_a_home_that_cannot_be_written_is_named(spec: ModelSpec, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelUnavailable, match="LOOKALIKE_HOME"):
        build_artifact(spec, tmp_path / "file")


def test_a_model_whose_dimension_is_known_after_a_build_is_identified_by_its_artifact(
    artifact: Artifact, spec: ModelSpec, home: Path
) -> None:
    assert spec.dimension is None
    assert identify(spec, home) == artifact.identity


@pytest.fixture
def theirs(artifact: Artifact, tmp_path: Path) -> Artifact:
    """A copy of the artifact in the home `tmp_path`."""
    folder = copytree(artifact.graph.parent, tmp_path / "models" / artifact.graph.parent.name)
    return replace(artifact, graph=Path(folder, artifact.graph.name))


def rewrite(artifact: Artifact, part: str, old: str, new: str) -> None:
    """Make it that of another version, which is complete: the manifest has the digest of its graph."""
    path, manifest = artifact.graph.parent / part, artifact.graph.parent / "manifest.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    about = json.loads(manifest.read_text())
    about["sha256"]["model.xml"] = hashlib.sha256(artifact.graph.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(about))


@pytest.mark.parametrize(
    ("part", "old", "new", "said"),
    [
        ("model.xml", 'version="opset', 'version="newset', "newset"),
        ("manifest.json", '"dimension": 6', '"dimension": 5', r"it returns \[1, 6\], not \[1, 5\] numbers"),
    ],
)
def test_a_graph_of_another_version_that_cannot_run_is_named(
    part: str, old: str, new: str, said: str, spec: ModelSpec, theirs: Artifact, tmp_path: Path
) -> None:
    rewrite(theirs, part, old, new)
    with pytest.raises(ModelUnavailable, match=f"cannot run: .*{said}") as raised:
        load(spec, home=tmp_path)
    assert "Delete the file: the next use builds it." in str(raised.value)
    theirs.graph.unlink()
    assert find(spec, tmp_path) is None


@pytest.mark.parametrize("content", ["{}", "[]", '{"sha256": 4}', pytest.param("[" * 100_000, id="deep")])
def test_an_artifact_with_a_manifest_of_another_version_is_built_again(
    content: str, spec: ModelSpec, theirs: Artifact, tmp_path: Path
) -> None:
    (theirs.graph.parent / "manifest.json").write_text(content)
    assert find(spec, tmp_path) is None and not theirs.graph.exists()
