"""A crash leaves no core of a process that holds persons' data; what it writes is for its own user alone."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from serve.api.probe import is_well

ROOT = Path(__file__).parents[3]
UNLIMITED = """
import os, resource, sys
os.chdir(sys.argv.pop(1))
soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY if os.geteuid() == 0 else hard,) * 2)
"""
PRIVATE = "from contracts.private_process import keep_memory_private; keep_memory_private()\n"
CRASH = "os.kill(os.getpid(), int(sys.argv[1]))"
COMMAND = "sys.argv[0] = 'escore'; from flows.cli import main; main()"
ADDRESSES = {
    "SCORE_BASE_A_URL": "postgresql+psycopg2://a:b@127.0.0.1:1/x",
    "SCORE_BASE_B_URL": "postgresql+psycopg2://a:b@127.0.0.1:1/x",
    "SCORE_BASE_C_URL": "mongodb://127.0.0.1:1/x",
    "SCORE_RESULTS_URL": "postgresql+psycopg2://a:b@127.0.0.1:1/x",
    "SCORE_REDIS_URL": "redis://127.0.0.1:1/0",
    "SCORE_CACHE_KEY": "k" * 40,
    "SCORE_JWT_SECRET": "j" * 40,
}


def start(program: str, folder: Path, words: Iterable[str] = ()) -> int:
    arguments = [sys.executable, "-c", UNLIMITED + program, str(folder), *words]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **ADDRESSES}
    return os.posix_spawn(sys.executable, arguments, environment)


def ended(process: int) -> tuple[int, bool]:
    """Return the signal that ended a process, and whether the kernel says that it left a core."""
    _, status = os.waitpid(process, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, os.WCOREDUMP(status)


@pytest.mark.parametrize("crash", [signal.SIGABRT, signal.SIGSEGV])
def test_a_crash_leaves_no_core(tmp_path, crash):
    assert ended(start(PRIVATE + CRASH, tmp_path, [str(int(crash))])) == (crash, False)
    assert not list(tmp_path.iterdir())


def test_without_it_the_same_crash_would_leave_one(tmp_path):
    """Or the tests around this one could not fail."""
    crash, left = ended(start(CRASH, tmp_path, [str(int(signal.SIGSEGV))]))
    for core in tmp_path.iterdir():  # tens of megabytes
        core.unlink()
    assert crash == signal.SIGSEGV
    if not left:
        pytest.skip("this machine lets no process of this user leave a core: that ours leave none shows nothing")


def test_nobody_who_is_started_by_it_raises_the_limit_again(tmp_path):
    raise_it = "import resource; resource.setrlimit(resource.RLIMIT_CORE, (2 << 20, 2 << 20))"
    drop_rights = "os.geteuid() or os.setuid(65534)\n"
    started = f"{drop_rights}{raise_it}"
    process = start(f"{PRIVATE}{started}", tmp_path)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 1


def test_the_api_killed_by_a_fault_leaves_no_core(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start(COMMAND, tmp_path, ["serve", "--port", str(port)])
    deadline = time.monotonic() + 60
    while not is_well("/saude/vivo", port) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process, signal.SIGSEGV)
    assert ended(process) == (signal.SIGSEGV, False)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in written if path.name.startswith("core")]
    assert not [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077]
