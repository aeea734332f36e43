"""Counts a run's I/O boundaries from outside the engine's code, and does there what a plan of faults says.

Installed in a forked run only. A boundary is a name such as `lake rename scores` or `redis HSET`, and a fault is named
by it and by its number: the n-th time that the run comes to it. Each is noted in a file before anything is done, so
what a run came to is known whatever became of it.
"""

from __future__ import annotations

import datetime
import errno
import io
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg2
import pymongo.monitoring
import redis.connection
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from sqlalchemy.engine.default import DefaultDialect

import flows.half_finished
import flows.score
from contracts.artifacts import ArtifactStore
from extract import base_a
from serve.publishing import score_copy

UNFINISHED = ".tmp"
_COMMAND = re.compile(rb"\$\d+\r\n([A-Za-z]+)")
_HEX = re.compile(r"_?[0-9a-f]{32}")
RAISE_IN_SERVER = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = 'injected'; END $$"
MONGO_READS = frozenset({"aggregate", "count", "find", "getMore"})
SQL_STATES = {"deadlock": "40P01", "serialization": "40001"}


class Tracer:
    """Counts boundaries, notes them, and finds the fault planned for one."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._faults = {(fault["at"], fault["nth"]): fault for fault in plan.get("faults", ())}
        self._note = os.open(plan["trace"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.clock_shift = 0.0

    def reach(self, name: str) -> str | None:
        """Note a boundary; die or stop here if that is planned, else return the fault to be made, or None."""
        with self._lock:
            self._seen[name] += 1
            os.write(self._note, f"{name}\n".encode())
            fault = self._faults.get((name, self._seen[name]), {})
        done: str | None = fault.get("do")
        if done == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif done == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif done == "clock jump":
            self.clock_shift = fault["seconds"]
        return done


def install(plan: Mapping[str, Any]) -> None:
    """Wrap what the engine reads and writes by."""
    tracer = Tracer(plan)
    _wrap_lake(tracer)
    _wrap_postgres(tracer)
    _wrap_redis(tracer)
    _wrap_sources(tracer)
    _wrap_clock(tracer)


def _artifact_of(path: object) -> str:
    """Return which kind of file a path in the lake is: `snapshots/faixa parquet`, `scores/faixa manifest`."""
    parts = Path(str(path)).parts
    top = next((part for part in ("snapshots", "scores", "models", "changes") if part in parts), "other")
    folder = next((part for part in ("plano", "avulsos") if part in parts), "faixa")
    kind = "manifest" if "manifesto.json" in parts[-1] else "data"
    return f"{top}/{folder} {kind}"


class _TracedFile:
    """A temporary file of the lake, whose write may be torn, cut short or refused."""

    def __init__(self, file: Any, name: str, tracer: Tracer) -> None:
        self._file = file
        self._name = name
        self._tracer = tracer

    def __enter__(self) -> _TracedFile:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: Any) -> int:
        fault = self._tracer.reach(f"lake write {self._name}")
        if fault in ("torn", "enospc", "short"):
            self._file.write(bytes(data)[: len(data) // 2])
            self._file.flush()
        if fault == "torn":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "enospc":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return len(data) if fault == "short" else int(self._file.write(data))


def _wrap_lake(tracer: Tracer) -> None:
    open_file, replace, fsync, delete = io.open, os.replace, os.fsync, ArtifactStore.delete

    def traced_open(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        opened = open_file(file, mode, *arguments, **options)
        if "w" in mode and str(file).endswith(UNFINISHED):
            return _TracedFile(opened, _artifact_of(file), tracer)
        return opened

    def traced_replace(source: Any, target: Any, **options: Any) -> None:
        is_lake = str(source).endswith(UNFINISHED)
        if is_lake:
            tracer.reach(f"lake rename {_artifact_of(target)}")
        replace(source, target, **options)
        if is_lake:
            tracer.reach(f"lake renamed {_artifact_of(target)}")

    def traced_fsync(descriptor: int) -> None:
        if tracer.reach("lake fsync") == "enospc":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    def traced_delete(store: ArtifactStore, path: str) -> None:
        if tracer.reach("lake delete") == "torn":
            _delete_half(Path(store.root) / path)
            os.kill(os.getpid(), signal.SIGKILL)
        delete(store, path)
        tracer.reach("lake deleted")

    io.open = traced_open  # type: ignore[assignment]
    os.replace, os.fsync = traced_replace, traced_fsync
    ArtifactStore.delete = traced_delete  # type: ignore[method-assign]


def _delete_half(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files[::2]:
        path.unlink()


def _wrap_postgres(tracer: Tracer) -> None:
    execute, commit, cursor_of = DefaultDialect.do_execute, DefaultDialect.do_commit, score_copy._cursor

    def traced_execute(dialect: Any, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        words = _HEX.sub("", " ".join(statement.split()[:3])).lower()
        fault = tracer.reach(f"pg {words}")
        if fault in SQL_STATES:
            cursor.execute(RAISE_IN_SERVER.format(code=SQL_STATES[fault]))
        execute(dialect, cursor, statement, parameters, context)

    def traced_commit(dialect: Any, connection: Any) -> None:
        if (fault := tracer.reach("pg commit")) in SQL_STATES:
            raise psycopg2.errors.lookup(SQL_STATES[str(fault)])("injected")
        commit(dialect, connection)
        if tracer.reach("pg committed") == "lost":
            raise psycopg2.OperationalError("server closed the connection unexpectedly")

    def traced_cursor(connection: Any) -> Any:
        return _TracedCursor(cursor_of(connection), tracer)

    DefaultDialect.do_execute = traced_execute  # type: ignore[assignment, method-assign]
    DefaultDialect.do_commit = traced_commit  # type: ignore[method-assign]
    score_copy._cursor = traced_cursor


class _TracedCursor:
    def __init__(self, cursor: Any, tracer: Tracer) -> None:
        self._cursor = cursor
        self._tracer = tracer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def copy_expert(self, statement: str, *arguments: Any) -> None:
        fault = self._tracer.reach(_HEX.sub("", f"pg {' '.join(statement.split()[:2])}").lower())
        if fault in SQL_STATES:
            self._cursor.execute(RAISE_IN_SERVER.format(code=SQL_STATES[fault]))
        self._cursor.copy_expert(statement, *arguments)


def _wrap_redis(tracer: Tracer) -> None:
    send = redis.connection.AbstractConnection.send_packed_command

    def traced_send(connection: Any, command: Any, *arguments: Any, **options: Any) -> None:
        found = _COMMAND.search(command if isinstance(command, bytes) else b"".join(command))
        name = "" if found is None else found[1].decode().lower()
        tracer.reach(f"redis {name}")
        send(connection, command, *arguments, **options)
        tracer.reach(f"redis sent {name}")

    redis.connection.AbstractConnection.send_packed_command = traced_send  # type: ignore[method-assign]


class _TracedReads(CommandListener):
    """Hears of what is asked of MongoDB before it is sent, and of the answer before it is read."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in MONGO_READS:
            self._tracer.reach(f"read mongo {event.command_name}")

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.command_name in MONGO_READS:
            self._tracer.reach(f"read mongo {event.command_name} answered")

    def failed(self, event: CommandFailedEvent) -> None:
        """A failure is the engine's to deal with."""


def _wrap_sources(tracer: Tracer) -> None:
    copy = base_a.copy_query

    def traced_copy(*arguments: Any, **options: Any) -> Any:
        tracer.reach("read postgres")
        table = copy(*arguments, **options)
        tracer.reach("read postgres answered")
        return table

    vars(base_a)["copy_query"] = traced_copy
    pymongo.monitoring.register(_TracedReads(tracer))


def _wrap_clock(tracer: Tracer) -> None:
    """Let the clock that a run reads be off by the tracer's shift; the servers keep their own."""
    real = datetime.datetime

    class Shifted(real):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return real.now(tz) + datetime.timedelta(seconds=tracer.clock_shift)

    for module in (flows.half_finished, flows.score):
        vars(module)["datetime"] = Shifted
