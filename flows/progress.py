"""Progress of long work: bars in a terminal, lines elsewhere; Prefect artifacts are fed beside them."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from flows.terminal import open_console

_LINE_EVERY_SECONDS = 10.0


class StepProgress(Protocol):
    """What long work reports to: one step at a time, each with a number of units."""

    def start(self, step: str, total: int | None = None) -> None:
        """Begin a step of ``total`` units (None: not known)."""

    def advance(self, units: int = 1) -> None:
        """Count units of the current step as done."""

    def finish(self) -> None:
        """End the current step."""


class TerminalProgress:
    """Rich bars, one a step, on the error stream."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: int | None = None

    def start(self, step: str, total: int | None = None) -> None:
        """Begin a step with a bar of its own."""
        self.finish()
        self._task = self._progress.add_task(step, total=total)

    def advance(self, units: int = 1) -> None:
        """Move the current bar on."""
        if self._task is not None:
            self._progress.advance(self._task, units)  # type: ignore[arg-type]

    def finish(self) -> None:
        """Fill the current bar."""
        if self._task is not None:
            task = next(t for t in self._progress.tasks if t.id == self._task)
            total = task.total if task.total is not None else max(task.completed, 1)
            self._progress.update(self._task, total=total, completed=total)  # type: ignore[arg-type]
            self._task = None


class LineProgress:
    """A line at the start and end of a step and every ten seconds between, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._step = ""
        self._total: int | None = None
        self._done = 0
        self._started = self._last = 0.0

    def start(self, step: str, total: int | None = None) -> None:
        """Begin a step and say so."""
        self.finish()
        self._step, self._total, self._done = step, total, 0
        self._started = self._last = time.monotonic()
        self._console.print(f"{step} ...", highlight=False)

    def advance(self, units: int = 1) -> None:
        """Count units; print a line if the last one is old."""
        self._done += units
        now = time.monotonic()
        if now - self._last >= _LINE_EVERY_SECONDS:
            self._last = now
            of_total = f" of {self._total:,}" if self._total else ""
            self._console.print(f"{self._step}: {self._done:,}{of_total}", highlight=False)

    def finish(self) -> None:
        """End the current step with its time."""
        if self._step:
            seconds = time.monotonic() - self._started
            self._console.print(f"{self._step}: done in {seconds:.1f} s", highlight=False)
            self._step = ""


@contextmanager
def show_progress() -> Iterator[StepProgress]:
    """Yield the progress that fits the error stream: bars in a terminal, lines elsewhere."""
    console = open_console(stderr=True)
    if not (console.is_terminal and sys.stderr.isatty()):
        lines = LineProgress(console)
        yield lines
        lines.finish()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        _share_console(console)
        bars = TerminalProgress(progress)
        yield bars
        bars.finish()


def _share_console(console: Console) -> None:
    """Give Prefect's console handlers the bars' console; a line printed beside it breaks the bars."""
    for logger in (logging.getLogger(name) for name in ("", "prefect", "prefect.flow_runs", "prefect.task_runs")):
        for handler in logger.handlers:
            if hasattr(handler, "console"):
                handler.console = console
