"""The engine that draws: Hypothesis, by samples changed at random and by grammars of what is nearly right.

``python -m tests.fuzz.drawn TARGET CASES SEED NOTE`` is a process of the long form. It keeps each case in the file NOTE
before it is tried, so that one that ends the process is known.
"""

from __future__ import annotations

import faulthandler
import logging
import mmap
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.inventory import find_target
from tests.fuzz.mutation import MAX_BYTES, mutated
from tests.fuzz.target import Target, run_case, within

MEMORY_BYTES = 4 << 30
"""Address space that a process of the long form may take beyond what it has at its start."""

STUCK_SECONDS = 300
"""How long nothing may happen before a process of the long form ends itself, telling where it stands."""

_LENGTH_BYTES = 8
FAILED = 1


class FoundError(Exception):
    """A case that its parser did not pass; what it did instead is the cause."""

    def __init__(self, data: bytes) -> None:
        super().__init__(f"a case of {len(data)} bytes")
        self.data = data


def cases(target: Target) -> st.SearchStrategy[bytes]:
    """Return the strategy of a target's cases."""
    seeds = list(target.seeds())

    def change(sample: bytes, number: int) -> bytes:
        return mutated(sample, Random(number), seeds, target.tokens)

    changed = st.builds(change, st.sampled_from(seeds), st.integers(0, 2**40))
    if target.grammar is None:
        return changed
    nearly_right = target.grammar()
    return st.one_of(changed, nearly_right, st.builds(change, nearly_right, st.integers(0, 2**40)))


def draw_cases(target: Target, count: int, *, number: int, watch: Callable[[bytes], None] = lambda _data: None) -> None:
    """Try so many cases; FoundError with the smallest one that was found if the target does not pass one."""
    found: list[bytes] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(target))
    def passes(data: bytes) -> None:
        watch(data)
        try:
            with within(target.seconds):
                run_case(target, data)
        except BaseException:
            found[:] = [data]
            raise

    try:
        passes()
    except BaseException as error:
        if not found:
            raise
        raise FoundError(found[0]) from error


def limit_memory() -> None:
    """Let a parser that allocates by a length it was told run out of memory before the machine does."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def read_note(path: Path) -> bytes:
    """Return the case that was tried last."""
    note = path.read_bytes()
    return note[_LENGTH_BYTES : _LENGTH_BYTES + int.from_bytes(note[:_LENGTH_BYTES], "little")]


def main(name: str, count: str, number: str, note: str) -> int:
    """Try a target's cases in this process; the case that is not passed is in the note."""
    logging.disable(logging.WARNING)
    target = find_target(name)
    target.seeds()
    limit_memory()
    Path(note).write_bytes(bytes(_LENGTH_BYTES + 2 * MAX_BYTES))
    tried = 0
    with Path(note).open("r+b") as file, mmap.mmap(file.fileno(), 0) as held:

        def watch(data: bytes) -> None:
            nonlocal tried
            held[:_LENGTH_BYTES] = len(data).to_bytes(_LENGTH_BYTES, "little")
            held[_LENGTH_BYTES : _LENGTH_BYTES + len(data)] = data
            if tried % 500 == 0:
                faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)
            tried += 1

        try:
            draw_cases(target, int(count), number=int(number), watch=watch)
        except FoundError as error:
            watch(error.data)
            cause = error.__cause__
            sys.stderr.write(f"{type(cause).__name__}: {cause}"[:2000] + "\n")
            return FAILED
        finally:
            faulthandler.cancel_dump_traceback_later()
    sys.stdout.write(f"{tried}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
