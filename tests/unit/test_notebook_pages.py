"""Pages of notebooks: what a cell prints, returns and draws, as Markdown; and the committed ones are the notebooks'."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pytest

from notebooks.pages import all_notebooks, page_name, read_cells, source_page, without_outputs, write_page

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "tutorials" / "notebooks"

NOTEBOOK = """# ---
# jupyter: {}
# ---

# %% [markdown]
# # A title
#
# See [features](../docs/reference/features.md) and [the next](02_the_next.py).

# %%
import matplotlib.pyplot as plt
import pandas as pd

print("printed")
pd.DataFrame({"a | b": [1_000, 2], "c": [0.5, None]}, index=["x", "y"])

# %%
_, axes = plt.subplots()
_ = axes.set_title("drawn")

# %%
unused = 1
"""


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "01_a_title.py"
    path.write_text(NOTEBOOK)
    return path


def test_a_notebook_is_its_cells(notebook: Path):
    cells = read_cells(notebook)
    assert [cell.is_code for cell in cells] == [False, True, True, True]
    assert cells[0].text.startswith("# A title\n\nSee")


def test_a_page_shows_text_code_outputs_and_plots(notebook: Path):
    mpl.use("Agg")
    (notebook.parent / "01-a-title-09.png").write_bytes(b"of an earlier page")
    page = write_page(notebook, notebook.parent)
    assert "# A title\n\nSee [features](../../reference/features.md) and [the next](02-the-next.md)." in page
    assert "```text\nprinted\n```" in page
    assert "|  | a | b | c |".replace("a | b", "a \\| b") in page
    assert "| x | 1,000 | 0.5 |\n| y | 2 |  |" in page
    assert "![drawn](01-a-title-01.png)" in page
    assert (notebook.parent / page_name(notebook)).read_text() == page
    assert [image.name for image in notebook.parent.glob("*.png")] == ["01-a-title-01.png"]
    assert page.count("<!-- output -->") == 2
    assert without_outputs(page) == source_page(notebook)


@pytest.mark.parametrize("notebook", all_notebooks(), ids=lambda path: path.stem)
def test_a_committed_page_is_of_the_notebook(notebook: Path):
    """`make pages` writes them; what a page says apart from its outputs is the notebook's."""
    page = (PAGES / page_name(notebook)).read_text("utf-8")
    assert without_outputs(page) == source_page(notebook)
    assert page.count("<!-- output -->") >= 3
    shown = {line.rpartition("(")[2].rstrip(")") for line in page.splitlines() if line.startswith("![")}
    assert shown == {image.name for image in PAGES.glob(f"{Path(page_name(notebook)).stem}-*.png")}
