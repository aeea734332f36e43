"""Settings are read from the environment and from the working directory: here, from neither but what a test sets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from contracts.settings import PREFIX


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take every setting out of the environment, and go where there is no ``.env``."""
    for name in list(os.environ):
        if name.startswith(PREFIX) or name == "PREFECT_API_URL":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
