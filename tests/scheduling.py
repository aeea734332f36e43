"""Which process of pytest-xdist gets which tests, and in which order: a night is made once, and the dearest come first.

With ``--dist=loadfile`` a file's tests go to one process. Files that share a session's dear fixture go to one process
too, or each process would make it for itself: the finished night (populated, trained, run), the stores of the law's
tests and those of the API's faults. A long file that is begun last leaves a process idle.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).parents[1]
NIGHT = "the finished night"
TOGETHER = ("tests/law/", "tests/faults/")
_TAKES_THE_NIGHT = re.compile(r"^def \w+\([^)]*\bnight\b", re.MULTILINE)
_DEAREST = (
    "tests/law/",
    "tests/documented/",
    "tests/run_faults/",
    "tests/flows/",
    "tests/faults/",
    "tests/hostile/",
    "tests/integration/",
)


@cache
def scope_of(file: str) -> str:
    """Return what is kept together: a file, one of the folders, or the files whose functions take the night."""
    for folder in TOGETHER:
        if file.startswith(folder):
            return folder
    is_on_the_night = file.startswith("tests/flows/") and _TAKES_THE_NIGHT.search((ROOT / file).read_text("utf-8"))
    return NIGHT if is_on_the_night else file


def put_dearest_first(items: list[pytest.Item]) -> None:
    """Order tests by what they are kept together with: the night, then folder by folder, larger files first."""
    files = [item.nodeid.partition("::")[0] for item in items]
    sizes = Counter(files)

    def place(item: pytest.Item) -> tuple[int, int, str]:
        file = item.nodeid.partition("::")[0]
        folder = next((n for n, start in enumerate(_DEAREST) if file.startswith(start)), len(_DEAREST))
        return (-1 if scope_of(file) == NIGHT else folder, -sizes[file], file)

    items.sort(key=place)


class KeptTogether(LoadFileScheduling):
    """Gives each process one scope after the other, in the order in which the tests were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid.partition("::")[0])
