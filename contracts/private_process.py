"""What a process that holds persons' data leaves on the machine: files for its own user alone, and never its memory."""

from __future__ import annotations

import os
import sys

PRIVATE_UMASK = 0o077
NO_CORE = 1
"""Bytes of a core: less than any core has, so none is written. Linux takes 1, not 0, for "nor piped to a program"."""


def keep_files_private() -> None:
    """Let what the process writes be for its own user alone: lake, truth files and stores hold personal data."""
    os.umask(PRIVATE_UMASK)


def keep_memory_private() -> None:
    """Let a crash of this process, and of those that it starts, leave no core: its memory holds personal data.

    Neither a file nor a pipe to a program that collects cores gets it (Linux: ``coredump_pipe`` of ``fs/coredump.c``),
    and nobody can raise the limit again without the system's own rights. Where the system allows 0 at most, it is 0.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    limit = NO_CORE if most == resource.RLIM_INFINITY else min(most, NO_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
