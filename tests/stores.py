"""Lets a test use a store of its own, and no other."""

import os

import pytest

from testing.services.s3 import variables


def use_s3(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Let this process, and its children, use the S3 at `url`."""
    use_no_store(monkeypatch)
    for name, value in variables(url).items():
        monkeypatch.setenv(name, value)


def use_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials and addresses of stores."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_"))]:
        monkeypatch.delenv(name)
