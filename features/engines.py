"""Engines made ready for a date: the catalog's query planned once, then run over one CPF range after another.

Planning the query costs as much as running it over ten thousand consumers. An engine reads its tables through slots
that each run fills anew, so its plan stays good; it is lent to one caller at a time, and the last few are kept.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa

from contracts.errors import DataIntegrityError
from features.vocabulary import macro_statements

MEMORY_LIMIT = "6GB"
"""What one engine may use beside its input; nothing spills to disk, for spilt rows would be personal data."""

KEPT_ENGINES = 12
"""Idle engines kept, the last used: a training's few dates on every thread at work. Each takes about 11 MiB."""

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
    "memory_limit": MEMORY_LIMIT,
    "preserve_insertion_order": False,
    "python_enable_replacements": False,
    "temp_directory": "",
}


@dataclass(frozen=True, slots=True)
class EngineKind:
    """What an engine is made for: a query as of a date over tables of these schemas, on so many threads (None: all)."""

    query: str
    as_of: date
    schemas: tuple[tuple[str, pa.Schema], ...]
    threads: int | None


class _Slot:
    """Gives an engine the table that stands in it now, as a stream of Arrow batches, without a copy."""

    def __init__(self, schema: pa.Schema) -> None:
        self._empty = schema.empty_table()
        self.table = self._empty

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)

    def clear(self) -> None:
        """Let go of the table."""
        self.table = self._empty


class _Engine:
    """A database in memory that knows the date's words and holds the planned query."""

    def __init__(self, kind: EngineKind) -> None:
        self.kind = kind
        self._slots = {name: _Slot(schema) for name, schema in kind.schemas}
        self._connection = connect(kind.as_of, threads=kind.threads)
        for name, slot in self._slots.items():
            self._connection.register(name, slot)
        self._connection.execute(f"PREPARE consulta AS {kind.query}")

    def run(self, tables: Mapping[str, pa.Table]) -> pa.Table:
        """Return the query's result over these tables."""
        for name, slot in self._slots.items():
            slot.table = tables[name]
        try:
            return self._connection.sql("EXECUTE consulta").to_arrow_table()
        finally:
            for slot in self._slots.values():
                slot.clear()

    def close(self) -> None:
        """Free what the engine holds."""
        self._connection.close()


class _Engines:
    """Idle engines, the last used at the end; threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._idle: list[_Engine] = []
        self._inherited: list[_Engine] = []

    def take(self, kind: EngineKind) -> _Engine:
        """Return an idle engine of a kind, or a new one."""
        with self._lock:
            for place in reversed(range(len(self._idle))):
                if self._idle[place].kind == kind:
                    return self._idle.pop(place)
        return _Engine(kind)

    def give_back(self, engine: _Engine) -> None:
        """Keep an engine for its next run; the one unused for longest goes where there are too many."""
        with self._lock:
            self._idle.append(engine)
            dropped = self._idle[:-KEPT_ENGINES]
            del self._idle[:-KEPT_ENGINES]
        for old in dropped:
            old.close()

    def close(self) -> None:
        """Free all idle engines."""
        with self._lock:
            dropped, self._idle = self._idle, []
        for old in dropped:
            old.close()

    def forget(self) -> None:
        """Use none of the engines that a forked process inherited, and free none either: they are its parent's."""
        self._lock, self._inherited, self._idle = Lock(), self._idle, []


_ENGINES = _Engines()
atexit.register(_ENGINES.close)
os.register_at_fork(after_in_child=_ENGINES.forget)


def run_planned(query: str, tables: Mapping[str, pa.Table], as_of: date, *, threads: int | None = None) -> pa.Table:
    """Return the result of a query over tables as of a date; DataIntegrityError as ``engine_errors`` says."""
    kind = EngineKind(query, as_of, tuple((name, table.schema) for name, table in sorted(tables.items())), threads)
    with engine_errors():
        engine = _ENGINES.take(kind)
        try:
            result = engine.run(tables)
        except BaseException:
            engine.close()
            raise
        _ENGINES.give_back(engine)
        return result


def connect(as_of: date, *, threads: int | None) -> duckdb.DuckDBPyConnection:
    """Return a database in memory that knows the catalog's words as of a date, and reaches no file or network."""
    config = _CONFIG if threads is None else {**_CONFIG, "threads": threads}
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET enable_progress_bar = false")  # it would be printed among a command's own output
    for statement in macro_statements(as_of):
        connection.execute(statement)
    return connection


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turn what an engine refuses into a DataIntegrityError without its own message, which may quote a value."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise DataIntegrityError(f"features need more than {MEMORY_LIMIT}: use a smaller CPF range") from error
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException):
        raise DataIntegrityError("a lake table holds a value that its checks should have refused") from None
