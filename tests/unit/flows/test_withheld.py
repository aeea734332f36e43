"""What is told of a failure holds no value, neither in its text nor through its cause."""

import logging
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa
from pydantic import BaseModel

from contracts.errors import EscoreError, GateError, RunConflictError, UnexpectedError
from flows.withheld import leave_refusals_to_the_command, print_errors_in_one_line, values_withheld

ROOT = Path(__file__).parents[3]
SECRET = "52998224725"


@values_withheld
def fail_on(value: str) -> None:
    int(f"x{value}")


@values_withheld
def fail_on_purpose(value: str) -> None:
    try:
        int(f"x{value}")
    except ValueError as error:
        raise GateError("one line") from error


def test_a_strange_error_keeps_its_class_and_place_alone():
    with pytest.raises(UnexpectedError) as caught:
        fail_on(SECRET)
    assert str(caught.value).startswith("ValueError (text withheld) at ")
    assert "fail_on" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_our_own_error_keeps_its_text_and_loses_its_cause():
    with pytest.raises(GateError, match="one line") as caught:
        fail_on_purpose(SECRET)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_prefect_prints_no_traceback_of_our_errors(caplog):
    print_errors_in_one_line()
    logger = logging.getLogger("prefect.flow_runs")
    logger.addHandler(caplog.handler)
    try:
        raise GateError("one line")
    except GateError:
        logger.exception("it failed")
    finally:
        logger.removeHandler(caplog.handler)
    assert caplog.records[-1].exc_info is None


def test_prefect_does_not_say_of_ctrl_c_what_the_command_line_says(caplog):
    print_errors_in_one_line()
    logger = logging.getLogger("prefect.flow_runs")
    logger.addHandler(caplog.handler)
    try:
        logger.error("Crash detected! Execution was aborted by an interrupt signal.")
        logger.error("Crash detected! Execution was aborted by a termination signal.")
    finally:
        logger.removeHandler(caplog.handler)
    [told] = {record.getMessage() for record in caplog.records}
    assert "termination" in told


class _Terminal(logging.Handler):
    """What would be printed."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def terminal(monkeypatch):
    """The handler of the root logger that prints, alone, and the one of Prefect's server before it."""
    printed, server = _Terminal(), _Terminal()
    monkeypatch.setattr(logging.getLogger(), "handlers", [printed])
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        monkeypatch.setattr(logging.getLogger(name), "handlers", [server])
        monkeypatch.setattr(logging.getLogger(name), "filters", [])
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    monkeypatch.setattr(logging.getLogger("prefect"), "propagate", True)
    return printed, server


def _fail_as_prefect_tells(logger: str, error: EscoreError) -> None:
    try:
        raise error
    except EscoreError as raised:
        logging.getLogger(logger).exception("Encountered exception during execution: %r", raised)
    said = f"Finished in state Failed('Task run encountered an exception {type(error).__name__}: {error}')"
    logging.getLogger(logger).error(said)


def test_what_the_command_says_itself_is_not_printed_before(terminal):
    printed, server = terminal
    leave_refusals_to_the_command()
    leave_refusals_to_the_command()
    for logger in ("prefect.flow_runs", "prefect.task_runs"):
        _fail_as_prefect_tells(logger, RunConflictError("another process\nis at work"))
    assert printed.lines == []
    assert len(server.lines) == 4, "Prefect's pages still tell it"


def test_a_crash_is_printed(terminal):
    printed, _ = terminal
    leave_refusals_to_the_command()
    _fail_as_prefect_tells("prefect.flow_runs", UnexpectedError("ValueError (text withheld) at x:1"))
    logging.getLogger("prefect.flow_runs").error("Crash detected! Execution was aborted by a termination signal.")
    logging.getLogger("other").error("Finished in state Failed('GateError: x')")
    assert len(printed.lines) == 4


LOSING = f"""
import threading
from flows.withheld import withhold_lost_exceptions
withhold_lost_exceptions()
def lose(): raise ValueError("{SECRET}")
thread = threading.Thread(target=lose); thread.start(); thread.join()
class Left:
    def __del__(self): raise ValueError("{SECRET}")
Left()
"""


def test_what_ends_a_thread_or_cannot_be_taken_is_told_without_its_text():
    done = subprocess.run([sys.executable, "-c", LOSING], capture_output=True, text=True, check=True, cwd=ROOT)
    assert SECRET not in done.stderr
    assert done.stderr.count("ValueError (text withheld) at <string>") == 2


class Income(BaseModel):
    value: float


def _in_sqlite() -> None:
    with sa.create_engine("sqlite://").begin() as connection:
        connection.execute(sa.text("create table t (cpf text primary key)"))
        connection.execute(sa.text("insert into t values (:a), (:a)"), {"a": SECRET})


QUOTING: dict[str, Callable[[], object]] = {
    "pyarrow": lambda: pa.array([f"x{SECRET}"]).cast(pa.int64()),
    "pandas": lambda: pd.to_numeric(pd.Series([f"x{SECRET}"])),
    "numpy": lambda: np.array([f"x{SECRET}"]).astype(np.float64),
    "DuckDB": lambda: duckdb.sql(f"select cast('x{SECRET}' as integer)").fetchall(),
    "pydantic": lambda: Income.model_validate({"value": f"x{SECRET}"}),
    "SQLAlchemy": _in_sqlite,
    "the language": lambda: {}[SECRET],
}


@pytest.mark.parametrize("library", QUOTING)
def test_what_libraries_quote_of_a_record_is_withheld(library):
    with pytest.raises(Exception, match=SECRET):
        QUOTING[library]()
    with pytest.raises(UnexpectedError) as caught:
        values_withheld(QUOTING[library])()
    assert SECRET not in "".join(traceback.format_exception(caught.value))
