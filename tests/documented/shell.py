"""One bash for a page: its commands one by one, in order, as a reader pastes them into one terminal."""

from __future__ import annotations

import os
import re
import select
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

SECONDS = 1_200
"""Most that one command may take; the demonstration took nine minutes on a machine that others kept busy."""
NEEDED = {"dask scheduler": "Scheduler at:", "dask worker": "Registered to:"}
SAYS = {"escore serve": "Uvicorn running", "escore audit ship": "ships", **NEEDED}
"""What stays until it is stopped, and the words by which it says that it is ready; the rest of a page needs some."""
_STAYS = re.compile(rf"^(?:\w+=\S+ )*({'|'.join(SAYS)})\b(?!.*--once)")
_HERE = re.compile(r"<<\s*['\"]?(\w+)")
_OPENS = re.compile(r"(?:for|while|until|if|case|\{)\s")
_COMMENT = re.compile(r"\s+#.*$")
_CPU = re.compile(r"(\d+)m([\d.]+)s")


@dataclass(frozen=True)
class Command:
    """One command of a block; ``line`` counts from the block's first line."""

    text: str
    line: int

    @property
    def starts_server(self) -> bool:
        """Return whether it leaves a server running behind it."""
        return bool(_STAYS.match(self.text)) and self.text.split("#")[0].rstrip().endswith("&")

    @property
    def stays(self) -> bool:
        """Return whether it runs until somebody ends it."""
        return bool(_STAYS.match(self.text)) and not self.starts_server

    @property
    def is_needed(self) -> bool:
        """Return whether later commands need it to go on."""
        return self.text.startswith(tuple(NEEDED))

    @property
    def says(self) -> str:
        """Return the words by which a server says that it is ready."""
        match = _STAYS.match(self.text)
        assert match is not None
        return SAYS[match[1]]


@dataclass(frozen=True)
class Done:
    """What became of a command; the CPU is that of its processes, without servers that outlive it."""

    status: int
    output: str
    seconds: float
    cpu: float


def bare(text: str) -> str:
    """Return a command without its comment."""
    return " ".join(_COMMENT.sub("", text).split())


def commands_of(body: str) -> Iterator[Command]:
    """Yield the commands of a block: lines are joined until bash takes them for whole."""
    held: list[str] = []
    for number, line in enumerate(body.splitlines()):
        if not held and (not line.strip() or line.lstrip().startswith("#")):
            continue
        held.append(line)
        text = "\n".join(held) + "\n"
        if line.endswith("\\") or _is_cut_short(text):
            continue
        yield Command(text.rstrip("\n"), number - len(held) + 1)
        held = []
    if held:
        raise ValueError(f"bash does not take this for a whole command: {held}")


def _is_cut_short(text: str) -> bool:
    """Return whether bash would look for more; it is asked itself where words open a block."""
    if (here := _HERE.search(text)) is not None:
        return here[1] not in text.splitlines()[1:]
    if _OPENS.match(text):
        return bool(subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False).returncode)
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return True
    return text.count("(") != text.count(")") or bool(words and words[-1] in {"|", "&&", "||"})


class Shell:
    """A bash with ``set -euo pipefail`` that keeps variables, folders and jobs from one command to the next."""

    def __init__(self, folder: Path, environment: Mapping[str, str], scratch: Path) -> None:
        self._scratch = scratch
        self._count = 0
        self._told, ours = os.pipe()
        self._bash = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            pass_fds=(ours,),
            start_new_session=True,
        )
        self._ours = ours
        os.close(ours)
        self._cpu = 0.0
        self._tell("set -euo pipefail")

    def run(self, command: str, *, may_fail: bool = False) -> Done:
        """Run a command to its end; a failure ends the bash too, unless it may fail."""
        self._count += 1
        script, output = (self._scratch / f"{self._count}.{ending}" for ending in ("sh", "out"))
        script.write_text(command + "\n", encoding="utf-8")
        began = time.monotonic()
        before, after = ("set +e", "set -e") if may_fail else (":", ":")
        self._tell(
            f"{before}; source {script} >{output} 2>&1 </dev/null {self._ours}>&-; status=$?; {after}",
            f"{{ echo $status; times; echo end; }} >&{self._ours}",
        )
        status, cpu = self._answer()
        spent, self._cpu = cpu - self._cpu, cpu
        return Done(status, output.read_text(encoding="utf-8", errors="replace"), time.monotonic() - began, spent)

    def wait_for(self, text: str) -> str:
        """Return the last command's output once it holds the text: it runs on in the background."""
        output = self._scratch / f"{self._count}.out"
        deadline = time.monotonic() + SECONDS
        while text not in (printed := output.read_text(encoding="utf-8", errors="replace")):
            assert time.monotonic() < deadline, f"never said {text!r}:\n{printed}"
            time.sleep(0.05)
        return printed

    def close(self) -> None:
        """End the bash and all that it left in the background, even where a failure has ended it already."""
        left = [process for process in psutil.process_iter() if self._is_ours(process)]
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        psutil.wait_procs(left, timeout=20)
        assert self._bash.stdin is not None
        with suppress(BrokenPipeError):  # what a bash that has ended was told last
            self._bash.stdin.close()
        self._bash.wait(timeout=20)
        os.close(self._told)

    def _is_ours(self, process: psutil.Process) -> bool:
        """Return whether a process is of this session; the embedded stores have sessions of their own."""
        try:
            return process.pid != self._bash.pid and os.getsid(process.pid) == self._bash.pid
        except ProcessLookupError:
            return False

    def _tell(self, *lines: str) -> None:
        """Give lines to the bash; one that has ended says so by its answer, which has no end."""
        assert self._bash.stdin is not None
        with suppress(BrokenPipeError):
            self._bash.stdin.write("".join(f"{line}\n" for line in lines))
            self._bash.stdin.flush()

    def _answer(self) -> tuple[int, float]:
        told, deadline = "", time.monotonic() + SECONDS
        while not told.endswith("end\n"):
            if select.select([self._told], [], [], 0.2)[0]:
                part = os.read(self._told, 4096).decode()
                told += part
                if not part:
                    return self._bash.wait(timeout=20), self._cpu
            assert time.monotonic() < deadline, f"not done in {SECONDS} s"
        children = [float(minutes) * 60 + float(seconds) for minutes, seconds in _CPU.findall(told)][2:]
        return int(told.split("\n", 1)[0]), sum(children)
