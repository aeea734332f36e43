"""A reader who follows pages to the letter, and says where one does not do what it says."""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from tests.documented import classes
from tests.documented.blocks import SHELL, Block
from tests.documented.classes import README, TUTORIAL, Class, Entry, Piece, pieces_of
from tests.documented.databases import answer
from tests.documented.house import House
from tests.documented.shape import is_like, lines_that_lack
from tests.documented.shell import SECONDS, Command, Done, Shell, bare
from tests.documented.texts import parse

LOG = logging.getLogger(__name__)
Result = TypeVar("Result")
_MARK = "\x1e"
SHARES = "--reuse-port"
STOP = "kill $(jobs -p) && wait $(jobs -p)"
_SETTINGS = "from contracts.settings import load_settings; load_settings()"


class StumbleError(AssertionError):
    """A page that does not do what it says."""


class Reader:
    """Follows pages in one house; what a command printed is known, so that the tutorial need not repeat the README."""

    def __init__(self, house: House, *, is_whole: bool) -> None:
        self.house = house
        self.is_whole = is_whole
        self.printed: dict[str, str] = {}
        self._read: set[str] = set()
        self._is_home = False

    def follow(self, page: str) -> None:
        """Do all that a page says, in order; StumbleError tells place, command and output of what went wrong."""
        if page in self._read:
            return
        self._read.add(page)
        if page != README and not (page == TUTORIAL and self.is_whole):
            self._come_home()
        self.do(page, pieces_of(page))
        self._is_home |= page == README

    def do(self, page: str, pieces: list[Piece]) -> None:
        """Do what a page has readers copy, in one terminal."""
        walk = _Walk(self, page)
        try:
            walk.walk(pieces)
        finally:
            walk.close()

    def _come_home(self) -> None:
        """Be where the README leaves its reader: a trained model, published runs, and the stores up again."""
        self.follow(README)
        if not self._is_home:
            raise StumbleError("the README was not followed to its end: see there")
        if not self.house.is_up():
            shell = self.house.shell()
            assert not shell.run("escore up").status
            shell.close()


class _Walk:
    """One page: one terminal, one Python, and one example consumer from its first line to its last."""

    def __init__(self, reader: Reader, page: str) -> None:
        self._reader = reader
        self._house = reader.house
        self._page = page
        self._shell: Shell | None = None
        self._scripts: list[Block] = []
        self._outputs = ""
        self._serves = False

    @cached_property
    def _consumer(self) -> str:
        return self._house.consumer()

    def walk(self, pieces: list[Piece]) -> None:
        if self._page in classes.KILLED_BEFORE:
            self._house.half_finished_run(classes.KILLED_BEFORE[self._page])
        for before in classes.BEFORE.get(self._page, ()):
            done = self._enter(self._resolved(before), Command(before, 0), may_fail=False)
            if done.status:
                raise StumbleError(f"before {self._page}: {before}\n{done.output}")
        for number, piece in enumerate(pieces):
            if piece.kind is Class.RUN and piece.block.tag not in DOING:
                self._timed(piece, lambda piece=piece: parse(piece.block))
            elif piece.kind is Class.SETTINGS and not _settings_of(piece.block, pieces[number + 1 :]):
                self._timed(piece, lambda piece=piece: self._set(_settings_of(piece.block, pieces)))
            elif piece.kind is Class.RUN or (piece.kind is Class.LATER and self._reader.is_whole):
                DOING[piece.block.tag](self, piece, pieces[number + 1 :])

    def close(self) -> None:
        if self._shell is not None:
            self._shell.close()
            self._shell = None

    def _resolved(self, text: str) -> str:
        return self._house.resolved(text, lambda: self._consumer)

    def _type(self, piece: Piece, following: list[Piece]) -> None:
        """Run a command in the page's terminal, and hold the block's outputs against what the page shows."""
        command = piece.command
        assert command is not None
        text = self._resolved(command.text)
        done = self._known(text)
        if done is None:
            expected = classes.EXPECTED.get((self._page, bare(command.text)), 0)
            done = self._enter(text, command, may_fail=bool(expected))
            if done.status != expected:
                raise StumbleError(f"{piece.place}: exit code {done.status}\n{text}\n{done.output}")
            _note(piece, done.seconds, done.cpu)
            self._clear_after(command)
        self._outputs = done.output if piece.is_first else self._outputs + done.output
        if not following or following[0].block is not piece.block:
            self._compare(piece, self._outputs)

    def _clear_after(self, command: Command) -> None:
        """End what a command leaves behind."""
        if (ending := classes.AFTER.get((self._page, bare(command.text)))) is not None:
            done = self._enter(ending, Command(ending, 0), may_fail=False)
            if done.status:
                raise StumbleError(f"after {command.text}: {ending}\n{done.output}")

    def _enter(self, text: str, command: Command, *, may_fail: bool) -> Done:
        if self._shell is None:
            self._shell = self._house.shell()
        if command.starts_server or command.stays:
            return self._serve(self._shell, text, command)
        done = self._shell.run(text, may_fail=may_fail)
        self._reader.printed.setdefault(bare(text), done.output)
        return done

    def _serve(self, shell: Shell, text: str, command: Command) -> Done:
        """Start what stays and wait until it says that it is ready; what holds the terminal is ended then.

        What later commands of its page need goes on beside them, as in a terminal of its own.
        """
        if self._serves and SHARES not in text:
            shell.run(STOP, may_fail=True)
        self._serves = command.starts_server
        done = shell.run(text if command.starts_server else f"{bare(text)} &")
        printed = shell.wait_for(command.says)
        if command.stays and not command.is_needed:
            done = shell.run(STOP, may_fail=True)
        return Done(done.status, printed, done.seconds, done.cpu)

    def _known(self, text: str) -> Done | None:
        """Return what a command of the tutorial printed when the README had it run, unless all are run anew."""
        known = self._reader.printed.get(bare(text)) if self._page == TUTORIAL and not self._reader.is_whole else None
        return None if known is None else Done(0, known, 0.0, 0.0)

    def _ask(self, piece: Piece, _following: list[Piece]) -> None:
        """Put the statements of a block of SQL to the store that they are for."""
        text = self._resolved(piece.text)
        self._compare(piece, self._timed(piece, lambda: answer(self._house, text)))

    def _compute(self, piece: Piece, following: list[Piece]) -> None:
        """Run the page's blocks of Python in one interpreter, once its last one is reached."""
        self._scripts.append(piece.block)
        if any(later.block.tag == "python" and later.kind is Class.RUN for later in following):
            return
        parts = [self._resolved(block.body) for block in self._scripts]
        script = f"\nprint({_MARK!r})\n".join(parts)
        printed = self._timed(piece, lambda: self._interpret(script))
        for block, output in zip(self._scripts, printed.split(_MARK), strict=True):
            self._compare(Piece(block, None, Class.RUN, None), output)

    def _interpret(self, script: str, *words: str) -> str:
        done = subprocess.run(
            ["python", *(words or ("-",))],
            input=script,
            cwd=self._house.root,
            env=self._house.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise StumbleError(f"{script}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def _set(self, commands: str) -> None:
        """Have the engine read the settings that a block's commands export."""
        shell = self._house.shell()
        try:
            text = self._resolved(commands)
            done = shell.run(f"{text}\npython -c '{_SETTINGS}'")
        finally:
            shell.close()
        if done.status:
            raise StumbleError(f"{text}\n{done.output}")

    def _compare(self, piece: Piece, printed: str) -> None:
        shown = piece.block.shown
        if shown is None or _is_among(classes.UNCOMPARED, piece):
            return
        lacking = lines_that_lack(shown, printed)
        is_this_population = self._page == TUTORIAL and self._reader.is_whole
        if lacking and (is_this_population or not is_like(shown, printed)):
            told = "\n".join(lacking)
            raise StumbleError(f"{piece.place} shows lines that were not printed:\n{told}\nprinted:\n{printed}")

    def _timed(self, piece: Piece, act: Callable[[], Result]) -> Result:
        began = time.monotonic()
        try:
            return act()
        except (StumbleError, ValueError) as error:
            raise StumbleError(f"{piece.place}: {error}") from error
        finally:
            _note(piece, time.monotonic() - began, 0.0)


DOING = dict.fromkeys(SHELL, _Walk._type) | {"sql": _Walk._ask, "python": _Walk._compute}


def _note(piece: Piece, seconds: float, cpu: float) -> None:
    """Log what a command or snippet took; of the CPU, without servers that outlive it."""
    LOG.info("%6.1f s of CPU, %6.1f s: %s: %s", cpu, seconds, piece.place, piece.text.splitlines()[0][:80])


def _is_among(entries: tuple[Entry, ...], piece: Piece) -> bool:
    return any(entry.page == piece.block.page and entry.words in piece.block.body for entry in entries)


def _settings_of(block: Block, pieces: list[Piece]) -> str:
    """Return those of some pieces that are settings of a block."""
    return "\n".join(piece.text for piece in pieces if piece.block is block and piece.kind is Class.SETTINGS)
