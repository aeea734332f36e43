"""A night goes on after what passes by itself, as often as it was told, and after nothing else."""

import pytest
from prefect.exceptions import MissingContextError

from contracts.errors import GateError, RunConflictError, StoreUnavailableError
from flows import persistence


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, text: str, *values: object) -> None:
        self.lines.append(text % values)


@pytest.fixture
def log(monkeypatch):
    log = Log()
    monkeypatch.setattr(persistence, "get_run_logger", lambda: log)
    return log


def failing(*errors: Exception):
    left = list(errors)

    def work() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return work


def test_it_waits_and_goes_on(log):
    waits: list[float] = []
    work = failing(StoreUnavailableError("base_a"), RunConflictError("2025-12-31"))
    assert persistence.persist(work, retries=2, wait=waits.append) == "done"
    assert waits == [600.0, 600.0]
    assert log.lines[-1] == "RunConflictError; going on in 10 minutes, 1 tries left"


def test_it_gives_up_after_the_last_try(log):
    waits: list[float] = []
    work = failing(*(StoreUnavailableError("base_a") for _ in range(3)))
    with pytest.raises(StoreUnavailableError):
        persistence.persist(work, retries=2, wait=waits.append)
    assert len(waits) == 2


def test_a_broken_gate_is_not_tried_again(log):
    with pytest.raises(GateError):
        persistence.persist(failing(GateError("scores")), retries=5, wait=lambda _: pytest.fail("it waited"))


def test_without_retries_no_run_is_needed():
    with pytest.raises(StoreUnavailableError):
        persistence.persist(failing(StoreUnavailableError("x")), retries=0)
    with pytest.raises(MissingContextError):
        persistence.persist(failing(StoreUnavailableError("x")), retries=1, wait=lambda _: None)
