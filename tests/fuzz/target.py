"""What is fuzzed: one declaration a parser, and the judgement of one case that every engine shares.

A parser passes a case by returning or by raising an error of its own: nothing else, in bounded time and memory. Such an
error is one line a problem, without control characters, that UTF-8 can hold, and without a piece of what the samples
plant as secrets and as a person's values.
"""

from __future__ import annotations

import signal
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from contracts.errors import EscoreError, SettingsError

SECRET = "qZ7xK9wV3jLmT5Hd"
"""Stands in samples where a secret does; no sample holds six of its characters anywhere else."""

CPF = "52998224725"
NAME = "Qwyxana"
"""Stand in samples where a person's values do."""

PIECE = 6
MAX_ERROR_LENGTH = 4_000
_PIECES = tuple({text[start : start + PIECE] for text in (SECRET, NAME) for start in range(len(text) - PIECE + 1)})
_WITHHELD = (*_PIECES, CPF, "529.982.247-25")
_CONTROLS = frozenset({"Cc", "Zl", "Zp", "Cs"})


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


def make_folder() -> Path:
    """Return a new folder, which goes with the process."""
    _FOLDERS.append(tempfile.TemporaryDirectory(prefix="escore-fuzz-"))
    return Path(_FOLDERS[-1].name)


class HangError(BaseException):
    """A case took longer than its parser may; no parser can take it for an error of its own."""


@dataclass(frozen=True)
class Target:
    """One parser, or several that read the same bytes.

    ``reads`` names the functions of the product that are entered (``module:qualified.name``); ``errors`` are the
    errors that may leave them. ``grammar`` makes cases that are nearly right; ``tokens`` are bytes worth inserting.
    ``call`` parses, and asserts what must hold of what comes out. ``seconds`` of CPU are the most that a case may take.
    """

    name: str
    what: str
    reads: tuple[str, ...]
    seeds: Callable[[], Sequence[bytes]]
    call: Callable[[bytes], object]
    errors: tuple[type[Exception], ...] = (EscoreError,)
    tokens: tuple[bytes, ...] = ()
    grammar: Callable[[], st.SearchStrategy[bytes]] | None = None
    regressions: tuple[bytes, ...] = ()
    seconds: float = 2.0


def run_case(target: Target, data: bytes) -> None:
    """Parse one case; AssertionError, or whatever was not expected, if the parser does not pass it."""
    try:
        target.call(data)
    except target.errors as error:
        for line in error.problems if isinstance(error, SettingsError) else [str(error)]:
            check_line(line)


def check_line(line: str) -> None:
    """Assert that a line may go to a terminal or a log: one line, printable, nothing withheld in it."""
    assert len(line) <= MAX_ERROR_LENGTH, f"an error of {len(line)} characters"
    found = sorted({unicodedata.name(c, hex(ord(c))) for c in line if unicodedata.category(c) in _CONTROLS})
    assert not found, f"an error with control characters: {found}"
    check_withheld(line)


def check_withheld(text: str) -> None:
    """Assert that a text holds no piece of a planted secret or person's value."""
    assert not holds_withheld(text), "a planted secret, or a person's value, is told"


def holds_withheld(text: str) -> bool:
    """Return whether a text holds a piece of a planted secret or person's value."""
    return any(piece in text for piece in _WITHHELD)


def text_of(data: bytes) -> str:
    """Return a case as text in which any character may stand."""
    return data.decode("utf-8", "surrogateescape")


def sent_text_of(data: bytes) -> str:
    """Return a case as text that came in UTF-8."""
    return data.decode("utf-8", "replace")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise HangError in what takes more of the CPU; for the main thread."""

    def stop(_number: int, _frame: Any) -> None:
        raise HangError(f"more than {seconds:g} s of CPU")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
