"""What runs on a GPU, decided without one."""

import socket
from pathlib import Path

import pytest

from lookalike.embedding import resolve
from lookalike.embedding.runtimes import gpu
from lookalike.embedding.runtimes.remote_embedder import RemoteEmbedder
from lookalike.errors import BadSetting, ModelProcessUnavailable
from lookalike.installation import install_command
from lookalike.settings import read_settings


def test_bfloat16_is_chosen_only_on_cards_that_have_it() -> None:
    turing, ampere, hopper = (7, 5), (8, 0), (9, 0)
    assert [gpu.precision("auto", card) for card in (turing, ampere, hopper, None)] == ["f32", "bf16", "bf16", "f32"]
    assert [gpu.precision("f32", card) for card in (turing, hopper)] == ["f32", "f32"]
    with pytest.raises(BadSetting, match=r"7\.5\) cannot compute in bf16"):
        gpu.precision("bf16", turing)


def test_a_gpu_is_used_by_jax_if_its_plugin_is_installed_else_by_tensorflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [gpu.runtime(asked) for asked in ("auto", "jax", "tensorflow")] == ["tensorflow", "jax", "tensorflow"]
    (tmp_path / "jax_cuda12_plugin").mkdir()
    (tmp_path / "jax_cuda12_plugin" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert [gpu.runtime(asked) for asked in ("auto", "jax", "tensorflow")] == ["jax", "jax", "tensorflow"]


def test_the_advice_for_a_gpu_is_the_command_that_fits_its_driver() -> None:
    commands = {driver: install_command(extra) for driver, extra in ((580, "gpu"), (570, "gpu-cuda12"))}
    for driver, command in commands.items():
        assert command in gpu.advice(driver)
    assert "too old" in gpu.advice(470) and "pip install" not in gpu.advice(470)


def test_a_gpu_without_memory_is_named_in_one_sentence() -> None:
    said = "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 2.1GiB.\n[operation created at ...]"
    assert gpu.reason(RuntimeError(said)).startswith("the GPU has no memory left")
    assert gpu.reason(ValueError("two\nlines.")) == "ValueError: two lines"


def test_a_model_process_that_is_silent_is_not_waited_for_until_the_chunk_is_killed(tmp_path: Path) -> None:
    """Otherwise its images would be blamed for a GPU that hangs."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen(1)
        with pytest.raises(ModelProcessUnavailable, match="no answer within"):
            RemoteEmbedder(tmp_path / "silent", resolve("efficientnet-lite0"), answer_s=0.2)
    settings = read_settings(time_limit_s=60)
    assert 2 * settings.device_limit_s <= settings.answer_limit_s < settings.time_limit_s
