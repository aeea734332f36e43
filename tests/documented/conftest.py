"""The houses in which documented commands run, and the last lines on those that did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.documented.classes import ALWAYS, LONG, Class, pieces_of
from tests.documented.house import House
from tests.documented.reader import Reader

Open = Callable[[str], AbstractContextManager[Reader]]
SMALLER = {"make demo": "escore demo --clients 1000", "--clients 10000": "--clients 1000"}
"""What makes a documented command cheaper, and nothing else."""
SMALLER_IN_SHORT = {"--clients 2000": "--clients 700"}
"""The long form runs these as they are written."""


@pytest.fixture(scope="session")
def open_house(request: pytest.FixtureRequest, session_folder: Path) -> Open:
    """Put a reader in front of a fresh clone, under a name of its own."""
    whole = bool(request.config.getoption("--run-long"))

    @contextmanager
    def open_house(name: str) -> Iterator[Reader]:
        house = House(session_folder / f"casa-{name}", SMALLER if whole else SMALLER | SMALLER_IN_SHORT)
        try:
            yield Reader(house, is_whole=whole)
        finally:
            house.close()

    return open_house


@pytest.fixture(scope="session")
def reader(open_house: Open) -> Iterator[Reader]:
    """The reader of all pages but those that take everything down."""
    with open_house("leitor") as reader:
        yield reader


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which documented commands and snippets were not run, and why."""
    for line in left_out(is_whole=config.getoption("--run-long")):
        terminalreporter.write_line(f"- {line}")


def left_out(*, is_whole: bool) -> list[str]:
    """Return a line for each reason."""
    reasons: Counter[str] = Counter()
    for page in (*ALWAYS, *LONG):
        for piece in pieces_of(page):
            if piece.kind is Class.NOT_HERE and piece.entry is not None:
                reasons[piece.entry.why] += 1
            elif not is_whole and (piece.kind is Class.LATER or (page in LONG and piece.kind is Class.RUN)):
                reasons["`make test-long` runs them"] += 1
    return [f"{number} documented commands or snippets: {why}" for why, number in sorted(reasons.items())]
