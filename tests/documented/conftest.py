"""The houses in which documented commands run, and the last lines on those that did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.conftest import NOT_RUN
from tests.documented.classes import ALWAYS, LONG, Class, pieces_of
from tests.documented.house import House
from tests.documented.reader import Reader

Open = Callable[[str], AbstractContextManager[Reader]]
SMALLER = {
    "make demo": "escore demo --clients 2000",
    "escore demo --keep": "escore demo --clients 2000 --keep",
    "--clients 10000": "--clients 2000",
    "--nworkers 8": "--nworkers 2",
    "fuzz --cases 100000": "fuzz --target lake/manifest --cases 40",
    "run_faults --first 1 --count 200": "run_faults --first 1 --count 2",
    "run_faults --every-boundary": "run_faults --every-boundary --count 2",
}
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


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(config: pytest.Config) -> None:
    """Have the last lines say which documented commands and snippets were not run, and why."""
    config.stash[NOT_RUN] = left_out(is_whole=config.getoption("--run-long"))


def left_out(*, is_whole: bool) -> list[str]:
    """Return a line on what waits for the long form, and one on what never runs here."""
    later, reasons = 0, Counter[str]()
    for page in (*ALWAYS, *LONG):
        for piece in pieces_of(page):
            if piece.kind in {Class.NOT_HERE, Class.CLOUD} and piece.entry is not None:
                reasons[piece.entry.why] += 1
            later += piece.kind is Class.LATER or (page in LONG and piece.kind is Class.RUN)
    told = "; ".join(f"{number}: {why}" for why, number in reasons.most_common())
    lines = [f"{reasons.total()} documented commands and snippets have never run here ({told})"]
    return lines if is_whole else [f"{later} documented commands and snippets: `make test-long` runs them", *lines]
