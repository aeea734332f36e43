"""Runs the notebooks cell by cell, as Jupyter does, and writes what a reader without Jupyter sees.

    python -m notebooks.pages docs/tutorials/notebooks [01 06 ...]

Each notebook becomes a page of Markdown: its text, its code, what a cell printed, the table or text of its last
expression, and its plots as PNG beside the pages. Nothing but matplotlib and pandas is needed for it. What a page says
apart from outputs follows from the notebook alone (``without_outputs``), so that a test can hold the two together.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd

FOLDER = Path(__file__).parent
DOTS = 96
MOST_ROWS = 30
"""Rows of a table that a page shows."""

BEGIN, END = "<!-- output -->", "<!-- /output -->"
_OUTPUT = re.compile(rf"{BEGIN}\n.*?{END}\n\n", re.DOTALL)
_CELL = re.compile(r"^# %%(?P<markdown> \[markdown\])?[^\n]*\n", re.MULTILINE)
_HEADER = re.compile(r"\A# ---\n.*?\n# ---\n", re.DOTALL)


@dataclass(frozen=True)
class Cell:
    """A cell: Markdown, or code."""

    is_code: bool
    text: str


def all_notebooks() -> list[Path]:
    """Return the numbered notebooks, in order."""
    return sorted(FOLDER.glob("[0-9]*.py"))


def read_cells(notebook: Path) -> list[Cell]:
    """Return a notebook's cells: text files in jupytext's percent format."""
    body = _HEADER.sub("", notebook.read_text("utf-8"))
    marks = list(_CELL.finditer(body))
    ends = [*(mark.start() for mark in marks[1:]), len(body)]
    cells = [
        (mark["markdown"] is None, body[mark.end() : end].strip("\n")) for mark, end in zip(marks, ends, strict=True)
    ]
    return [
        Cell(is_code, text if is_code else re.sub(r"^# ?", "", text, flags=re.MULTILINE)) for is_code, text in cells
    ]


def page_name(notebook: Path) -> str:
    """Return a page's name: 01_start_here.py is 01-start-here.md."""
    return notebook.stem.replace("_", "-") + ".md"


def write_page(notebook: Path, folder: Path) -> str:
    """Run a notebook from top to bottom and write its page and plots; return the page."""
    values: dict[str, Any] = {"__name__": "__main__"}
    stem = page_name(notebook).removesuffix(".md")
    for old in folder.glob(f"{stem}-*.png"):
        old.unlink()
    text = _head(notebook)
    plots = 0
    for cell in read_cells(notebook):
        text += _shown(cell)
        if cell.is_code:
            told, images = _run(cell, values, folder / f"{stem}-{plots + 1:02d}.png")
            plots += len(images)
            blocks = [*told, *(f"![{title}]({image.name})" for image, title in images)]
            text += (
                f"{BEGIN}\n" + "".join(f"{block}\n\n" for block in blocks).rstrip("\n") + f"\n{END}\n\n"
                if blocks
                else ""
            )
    (folder / page_name(notebook)).write_text(text, "utf-8")
    return text


def without_outputs(page: str) -> str:
    """Return what a page says apart from the outputs of its cells."""
    return _OUTPUT.sub("", page)


def source_page(notebook: Path) -> str:
    """Return the page that a notebook has before it is run."""
    return _head(notebook) + "".join(_shown(cell) for cell in read_cells(notebook))


def _head(notebook: Path) -> str:
    return f"<!-- Made by `make pages` from notebooks/{notebook.name}; edit that. -->\n\n"


def _shown(cell: Cell) -> str:
    if cell.is_code:
        return f"```python\n{cell.text}\n```\n\n"
    text = cell.text.replace("](../docs/", "](../../")
    return re.sub(r"\]\((\d\d_\w+)\.py\)", lambda found: f"]({found[1].replace('_', '-')}.md)", text) + "\n\n"


def _run(cell: Cell, values: dict[str, Any], image: Path) -> tuple[list[str], list[tuple[Path, str]]]:
    """Run a code cell; return what it told, as Markdown, and its plots with their titles."""
    tree = ast.parse(cell.text)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = StringIO(), None
    with redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec", dont_inherit=True), values)  # noqa: S102 - the repository's own notebooks
        if isinstance(last, ast.Expr):
            code = compile(ast.Expression(last.value), "<cell>", "eval", dont_inherit=True)
            value = eval(code, values)  # noqa: S307 - the same
    told = [f"```text\n{printed.getvalue().rstrip()}\n```"] if printed.getvalue().strip() else []
    return [*told, *_value_blocks(value)], _save_plots(image)


def _value_blocks(value: Any) -> Iterator[str]:
    if isinstance(value, pd.Series):
        value = value.to_frame("" if value.name is None else str(value.name))
    if isinstance(value, pd.DataFrame):
        yield _table(value)
    elif value is not None:
        yield f"```text\n{value}\n```"


def _table(frame: Any) -> str:
    shown = frame.head(MOST_ROWS)
    names = [name or "" for name in shown.index.names]
    is_plain = names == [""] and list(shown.index) == list(range(len(shown)))
    rows = [
        [*(() if is_plain else _index_cells(key)), *map(_cell, row)]
        for key, row in zip(shown.index, shown.to_numpy(object), strict=True)
    ]
    heads = [*(() if is_plain else names), *map(_cell, shown.columns)]
    lines = [heads, ["---"] * len(heads), *rows]
    more = [] if len(frame) == len(shown) else ["", f"{len(frame) - len(shown):,} rows more."]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), *more])


def _index_cells(key: Any) -> list[str]:
    return [_cell(part) for part in (key if isinstance(key, tuple) else (key,))]


def _cell(value: Any) -> str:
    if value is None or (not isinstance(value, list | str) and pd.isna(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M}" if value != value.normalize() or value.tz else f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1_000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("|", r"\|").replace("\n", " ").replace("$", r"\$")


def _save_plots(image: Path) -> list[tuple[Path, str]]:
    saved: list[tuple[Path, str]] = []
    first = int(image.stem[-2:])
    for place, number in enumerate(plt.get_fignums()):
        figure = plt.figure(number)
        path = image.with_name(f"{image.stem[:-2]}{first + place:02d}.png")
        figure.savefig(path, dpi=DOTS, metadata={"Software": None})
        titles = [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes]
        saved.append((path, "; ".join(title.replace("\\", "") for title in titles if title)))
    plt.close("all")
    return saved


def main(folder: str, *numbers: str) -> None:
    """Write the pages of all notebooks, or of those of some numbers."""
    mpl.use("Agg")
    for notebook in all_notebooks():
        if not numbers or notebook.stem[:2] in numbers:
            write_page(notebook, _made(Path(folder)))
            sys.stderr.write(f"{notebook.name}\n")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    main(*sys.argv[1:])
