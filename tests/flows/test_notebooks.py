"""Every numbered notebook runs from top to bottom on a finished night, and names nobody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import environment_of

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.py"))


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(night, notebook):
    environment = environment_of(night.settings, MPLBACKEND="Agg", PYTHONPATH=os.fspath(ROOT))
    done = subprocess.run(
        [sys.executable, notebook], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") > 10
