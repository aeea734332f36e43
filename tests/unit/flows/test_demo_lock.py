"""Two demonstrations in one folder: the second ends before it erases the stores of the first."""

import subprocess
import sys
from pathlib import Path

import pytest

from contracts.errors import UsageError
from flows.demo_lock import sole_demonstration

HOLDER = """
import sys
from pathlib import Path
from flows.demo_lock import sole_demonstration
with sole_demonstration(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_is_refused_until_the_process_of_the_first_has_ended(tmp_path: Path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(UsageError, match="another demonstration is at work"), sole_demonstration(tmp_path):
            pass
        holder.kill()
        holder.wait()
    with sole_demonstration(tmp_path):
        assert list(tmp_path.iterdir())
