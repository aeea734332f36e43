"""Log lines, as JSON or for people: one a request, and what else happens; never a path, a query or a value.

Our own loggers' messages are written as they are (counts, durations, ids). Of any other library's record only the
logger's name, the level and the place in the code are told: its message may quote what a caller sent.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

from serve.api.line_writer import STANDARD_ERROR, LineWriter

LogFormat = Literal["json", "texto"]

OWN_LOGGERS = ("escore", "uvicorn")
"""Loggers whose messages hold no values: ours, and uvicorn's without its access log."""
_LEVELS = {"DEBUG": "detalhe", "INFO": "info", "WARNING": "aviso", "ERROR": "erro", "CRITICAL": "erro"}
_FAULT_STATUS = 500


class Stamp:
    """The present instant as text, in UTC with milliseconds; a second's text is made once."""

    def __init__(self) -> None:
        self._second = 0
        self._text = ""

    def __call__(self) -> str:
        """Return ``2026-01-31T12:00:00.123Z``."""
        instant = time.time()
        second = int(instant)
        if second != self._second:
            self._text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            self._second = second
        return f"{self._text}.{int((instant - second) * 1000):03d}Z"


class RequestLines:
    """Writes the line of each request; used from the event loop's thread alone."""

    def __init__(self, form: LogFormat, writer: LineWriter = STANDARD_ERROR) -> None:
        self._is_json = form == "json"
        self._writer = writer
        self._stamp = Stamp()

    def prepare(self, method: str, route: str, status: int) -> str:
        """Return what is the same in all lines of a route's answers, for ``write``."""
        if not self._is_json:
            return f"{method} {route} {status}"
        level = _LEVELS["ERROR"] if status >= _FAULT_STATUS else _LEVELS["INFO"]
        same = {"nivel": level, "evento": "requisicao", "metodo": method, "rota": route, "status": status}
        return json.dumps(same, ensure_ascii=False, separators=(",", ":"))[1:-1]

    def write(self, prepared: str, request_id: str, seconds: float, *, urgent: bool = False) -> None:
        """Write a request's line; an urgent one is not kept for the next block."""
        if self._is_json:
            line = (
                f'{{"momento":"{self._stamp()}",{prepared},"requisicao_id":"{request_id}","ms":{seconds * 1000:.3f}}}\n'
            )
        else:
            level = "ERRO" if urgent else "INFO"
            line = f"{self._stamp()} {level} requisicao {prepared} {seconds * 1000:.1f} ms {request_id}\n"
        self._writer.write(line, urgent=urgent)


class WithoutValues(logging.Formatter):
    """Formats records as our lines; of an exception, its class and its places in the code.

    An exception's text, and another library's message, may hold what a caller sent.
    """

    def __init__(self, form: LogFormat = "texto") -> None:
        super().__init__()
        self._is_json = form == "json"
        self._stamp = Stamp()

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line of JSON, or as text with the places below."""
        told = {
            "momento": self._stamp(),
            "nivel": _LEVELS.get(record.levelname, record.levelname.lower()),
            "origem": record.name,
            "mensagem": _message(record),
            **{name: record.__dict__[name] for name in ("requisicao_id",) if name in record.__dict__},
        }
        fault = list(_fault(record.exc_info)) if record.exc_info and record.exc_info[0] else []
        if self._is_json:
            if fault:
                told["excecao"] = fault
            return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        head = f"{told['momento']} {told['nivel'].upper()} {told['origem']} {told['mensagem']}"
        identifier = told.get("requisicao_id")
        return "\n".join([f"{head} {identifier}" if identifier else head, *(f"  {line}" for line in fault)])


def _message(record: logging.LogRecord) -> str:
    if record.name.split(".", 1)[0] in OWN_LOGGERS:
        return record.getMessage().strip()
    return f"(text withheld) {record.module}:{record.lineno} in {record.funcName}"


_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def _fault(info: _ExcInfo) -> Iterator[str]:
    kind, _, traceback = info
    yield f"{kind.__name__ if kind else 'exception'} (text withheld)"
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield f"{code.co_filename}:{traceback.tb_lineno} in {code.co_name}"
        traceback = traceback.tb_next


class LineHandler(logging.Handler):
    """Hands records to the process's writer of standard error, warnings and worse without delay."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            STANDARD_ERROR.write(f"{self.format(record)}\n", urgent=record.levelno >= logging.WARNING)
        except (TypeError, ValueError, LookupError, AttributeError):  # logging's own way would print the values
            STANDARD_ERROR.write(f"{record.name}: a record that could not be written\n", urgent=True)


def log_config(form: LogFormat) -> dict[str, Any]:
    """Return the logging configuration of the server's process.

    Silent, whatever the level asked for: uvicorn's access log and pymongo's command log, whose lines hold CPFs.
    psycopg's warnings are of connections that broke, which the breakers tell of.
    """
    ours = {"handlers": ["saida"], "level": "INFO", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"linha": {"()": WithoutValues, "form": form}},
        "handlers": {"saida": {"()": LineHandler, "formatter": "linha"}},
        "loggers": {
            "uvicorn": ours,
            "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
            "escore": ours,
            "asyncio": {"handlers": ["saida"], "level": "WARNING", "propagate": False},
            "pymongo": {"level": "WARNING"},
            "psycopg": {"level": "ERROR"},
        },
    }


def withhold_values() -> None:
    """Make everything else of this process that writes to standard error do so as lines without values.

    Other libraries' log records, Python's warnings, and exceptions that end a thread or that nobody can take.
    """
    root = logging.getLogger()
    if not any(isinstance(handler, LineHandler) for handler in root.handlers):
        handler = LineHandler(logging.WARNING)
        handler.setFormatter(next(iter(logging.getLogger("escore").handlers)).formatter)
        root.addHandler(handler)
    logging.captureWarnings(True)
    threading.excepthook = _on_lost_exception
    sys.unraisablehook = _on_lost_exception


def _on_lost_exception(lost: Any) -> None:
    logging.getLogger("escore.loop").error("an exception that nobody took", exc_info=lost.exc_value)


def on_loop_fault(_loop: object, context: dict[str, Any]) -> None:
    """Log what an event loop reports, by its class and places: its text quotes arguments and exceptions."""
    error = context.get("exception")
    message = context.get("message", "")
    logging.getLogger("escore.loop").error(
        message if message in LOOP_MESSAGES else "a fault that the event loop reports",
        exc_info=error if isinstance(error, BaseException) else None,
    )


LOOP_MESSAGES = frozenset(
    {
        "Task exception was never retrieved",
        "Future exception was never retrieved",
        "Task was destroyed but it is pending!",
        "Fatal error: protocol.data_received() call failed.",
    }
)
"""asyncio's messages that are the same whatever happened; all others may hold an argument's text."""
