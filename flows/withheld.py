"""Keeps people's values out of what is told of a failure: on a terminal, in Prefect's logs, states and database.

An exception's text may quote a record. Ours never does; any other is replaced by its class and the places in
the code that it came through. Causes are dropped too, for a printed traceback would show their text.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import re
import sys
import threading
from collections.abc import Callable
from traceback import extract_tb
from typing import Any, ParamSpec, TypeVar

from contracts.errors import EscoreError, UnexpectedError

P = ParamSpec("P")
R = TypeVar("R")

_INTERRUPTION = "aborted by an interrupt signal"
"""What Prefect says of Ctrl-C: the run's state holds it, and the command line says it too."""
_RUN_LOGGERS = ("prefect.flow_runs", "prefect.task_runs")
_REFUSAL = "escore_refusal"
"""Attribute of a log record that tells of an error which was raised on purpose."""
_REFUSALS = (error.__name__ for error in EscoreError.__subclasses__() if error is not UnexpectedError)
_ENDED_REFUSED = re.compile(rf"Finished in state Failed\(.*\b(?:{'|'.join(_REFUSALS)}): ", re.DOTALL)


def values_withheld(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function, failing only with errors whose text holds no value."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except EscoreError as error:
            raise error.with_traceback(None) from None
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again without its text
            raise withheld(error) from None

    # Prefect resolves annotations where a function is defined: here, for the guarded one, they are unknown.
    guarded.__signature__ = inspect.signature(function, eval_str=True)  # type: ignore[attr-defined]
    return guarded


def withheld(error: BaseException) -> UnexpectedError:
    """Return an error that tells of another one its class and places, and nothing that it says."""
    return UnexpectedError(f"{_kind(error)} at {_places(error)}")


def withhold_lost_exceptions() -> None:
    """Let exceptions that end a thread, or that nobody can take, be told without their texts."""
    threading.excepthook = sys.unraisablehook = _tell_lost_exception


def _tell_lost_exception(lost: Any) -> None:
    if lost.exc_value is not None:
        sys.stderr.write(f"an exception that nobody took: {withheld(lost.exc_value)}\n")


def _kind(error: BaseException) -> str:
    """Return an exception's class and, of one that the system raised, what the system said (never a value)."""
    said = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "text withheld"
    return f"{type(error).__name__} ({said})"


def _places(error: BaseException) -> str:
    """Return where an exception arose and which of our own lines it came through, innermost first."""
    if error.__traceback__ is None:
        return "an unknown place"
    *outer, innermost = extract_tb(error.__traceback__)
    own = [frame for frame in reversed(outer) if "site-packages" not in frame.filename]
    return " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in [innermost, *own])


def print_errors_in_one_line() -> None:
    """Keep Prefect from printing tracebacks of errors whose one line says it all, and what Ctrl-C is told by anyway."""
    for name in _RUN_LOGGERS:
        _add_filter(logging.getLogger(name), _WithoutTraceback())


def leave_refusals_to_the_command() -> None:
    """Keep off this process's terminal what Prefect logs of an error that the command line ends with anyway.

    Prefect's server still gets it; a crash or a fault of the engine's own (UnexpectedError) is printed as ever. To be
    called once Prefect is imported, which sets up the handlers of the root logger.
    """
    print_errors_in_one_line()
    for handler in logging.getLogger().handlers:
        _add_filter(handler, _WithoutRefusals())


def _add_filter(place: logging.Filterer, added: logging.Filter) -> None:
    if not any(isinstance(one, type(added)) for one in place.filters):
        place.addFilter(added)


class _WithoutTraceback(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, EscoreError):
            record.exc_info = record.exc_text = None
            setattr(record, _REFUSAL, not isinstance(error, UnexpectedError))
        return _INTERRUPTION not in record.getMessage()


class _WithoutRefusals(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if record.name not in _RUN_LOGGERS:
            return True
        return not (getattr(record, _REFUSAL, False) or _ENDED_REFUSED.match(record.getMessage()))
