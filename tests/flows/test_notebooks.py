"""Every numbered notebook runs from top to bottom, on a finished night where it needs one, and names nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from notebooks.pages import all_notebooks, page_name, read_cells, source_page, without_outputs
from tests.flows.conftest import Night, environment_of

ROOT = Path(__file__).parents[2]
NOTEBOOKS = all_notebooks()
ON_A_NIGHT = [path for path in NOTEBOOKS if any("\nimport escore" in f"\n{cell.text}" for cell in read_cells(path))]
ON_ANY_TABLE = [path for path in NOTEBOOKS if path not in ON_A_NIGHT]
Pages = dict[str, str]
AS_JUPYTER_SAVES = """# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#     notebook_metadata_filter: -jupytext.text_representation
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---
"""


def run_notebooks(notebooks: list[Path], folder: Path, environment: dict[str, str]) -> Pages:
    """Run notebooks in a process of their own, from the folder that Jupyter starts them in; return their pages."""
    # One OpenMP thread: on a busy machine two spend minutes waiting for each other.
    warnings = ["-W", "error::DeprecationWarning:__main__", "-W", "error::FutureWarning:__main__"]
    done = subprocess.run(
        [sys.executable, *warnings, "-m", "notebooks.pages", folder, *(path.stem[:2] for path in notebooks)],
        env=environment | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.fspath(ROOT)},
        cwd=ROOT / "notebooks",
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {path.stem: (folder / page_name(path)).read_text("utf-8") for path in notebooks}


@pytest.fixture(scope="module")
def pages(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Return the pages of all notebooks that need a night."""
    return run_notebooks(ON_A_NIGHT, tmp_path_factory.mktemp("cadernos"), environment_of(night.settings))


def test_notebooks_are_numbered_in_a_row():
    assert [int(path.stem[:2]) for path in NOTEBOOKS] == list(range(1, len(NOTEBOOKS) + 1))
    assert len(ON_A_NIGHT) == len(NOTEBOOKS) - 1
    assert ON_ANY_TABLE


def test_jupyter_has_nothing_to_change_in_a_notebooks_head_when_it_saves_it():
    """What `make notebooks` opens and saves unchanged is no change to a clone."""
    assert [path.name for path in NOTEBOOKS if not path.read_text("utf-8").startswith(AS_JUPYTER_SAVES)] == []


@pytest.mark.parametrize("notebook", ON_A_NIGHT, ids=lambda path: path.stem)
def test_notebook_runs_on_a_night_and_names_nobody(night: Night, pages: Pages, notebook: Path):
    """Whatever it shows of a consumer, a notebook that is passed on must not say who that is."""
    told = pages[notebook.stem]
    assert without_outputs(told) == source_page(notebook)
    assert told.count("<!-- output -->") >= 3
    known = {str(value) for row in night.query("select cpf, cliente_id from score_vigente") for value in row}
    assert len(known) > 2_000
    assert not [value for value in known if value in told]


@pytest.mark.parametrize("notebook", ON_A_NIGHT, ids=lambda path: path.stem)
def test_plots_of_a_notebook_have_titles(pages: Pages, notebook: Path):
    images = [line for line in pages[notebook.stem].splitlines() if line.startswith("![")]
    assert not [line for line in images if line.startswith("![]")]


@pytest.mark.parametrize("notebook", ON_ANY_TABLE, ids=lambda path: path.stem)
def test_notebook_runs_without_stores(notebook: Path, tmp_path: Path):
    """A notebook about anybody's table needs no setting, no store and no lake."""
    assert run_notebooks([notebook], tmp_path, dict(os.environ))
