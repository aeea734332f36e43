"""Every numbered notebook runs from top to bottom, on a finished night where it needs one, and names nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import Night, environment_of

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.py"))
ON_A_NIGHT = [path for path in NOTEBOOKS if "\nimport escore\n" in path.read_text(encoding="utf-8")]
ON_ANY_TABLE = [path for path in NOTEBOOKS if path not in ON_A_NIGHT]


def run_notebook(notebook: Path, environment: dict[str, str]) -> str:
    """Run a notebook as the script that it also is; return what it printed after asserting that it came to its end."""
    # One OpenMP thread: on a busy machine two spend minutes waiting for each other.
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", "-W", "error::FutureWarning:__main__", notebook],
        env=environment | {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.fspath(ROOT)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") > 10
    return done.stdout


def test_notebooks_are_numbered_in_a_row():
    assert [int(path.stem[:2]) for path in NOTEBOOKS] == list(range(1, len(NOTEBOOKS) + 1))
    assert len(ON_A_NIGHT) == len(NOTEBOOKS) - 1
    assert ON_ANY_TABLE


@pytest.mark.parametrize("notebook", ON_A_NIGHT, ids=lambda path: path.stem)
def test_notebook_runs_on_a_night_and_names_nobody(night: Night, notebook: Path):
    """Whatever it shows of a consumer, a notebook that is passed on must not say who that is."""
    told = run_notebook(notebook, environment_of(night.settings))
    known = {str(value) for row in night.query("select cpf, cliente_id from score_vigente") for value in row}
    assert len(known) > 2_000
    assert not [value for value in known if value in told]


@pytest.mark.parametrize("notebook", ON_ANY_TABLE, ids=lambda path: path.stem)
def test_notebook_runs_without_stores(notebook: Path):
    """A notebook about anybody's table needs no setting, no store and no lake."""
    run_notebook(notebook, dict(os.environ))
