"""The benchmark of a GPU, where there is none."""

import pytest

from benchmarks import gpu


def test_without_a_gpu_it_says_so_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "visible_gpus", lambda: ())
    gpu.main()
    assert capsys.readouterr().out == "gpu: nothing is measured, because there is no GPU here.\n"
