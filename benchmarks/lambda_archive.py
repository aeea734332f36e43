"""What System C's archive weighs, and what an instance pays before its first answer.

``python -m benchmarks.lambda_archive`` builds the archive for this Python, unpacks it, and starts new interpreters that
have nothing but what is in it: from their beginning until ``entry.handler`` has answered ``/saude/vivo``, with no store
at hand. Once with the compiled files taken away, once as it is. It shows the least processor time of some;
Lambda adds the time to fetch the archive, the secrets and the first connections.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.package.archives import unpack
from deploy.package.packager import Packager

RUNS = 7
EVENT = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/saude/vivo",
    "rawQueryString": "",
    "headers": {"host": "x"},
    "requestContext": {"http": {"method": "GET", "path": "/saude/vivo", "sourceIp": "127.0.0.1"}, "stage": "$default"},
    "isBase64Encoded": False,
}
PROGRAM = f"import entry; assert entry.handler({EVENT!r}, None)['statusCode'] == 200"
SETTINGS = {
    "SCORE_BASE_C_URL": "mongodb://127.0.0.1:9/c",
    "SCORE_RESULTS_URL": "postgresql://127.0.0.1:9/r",
    "CACHE_KEYS": f'{{"current": "{"k" * 32}", "next": "", "earlier": ""}}',
    "SCORE_JWT_SECRET": "s" * 32,
}


def processor_seconds(python: Path, folder: Path, statement: str) -> float:
    """Return the least processor time of new interpreters that run a statement in a folder that they cannot write."""
    times = []
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **SETTINGS}
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([str(python), "-c", statement], cwd=folder, env=environment, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def main() -> None:
    """Print the archive's sizes and the times."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        archive = Packager(folder).build_lambda()
        task, home = folder / "task", folder / "env"
        unpack(archive, task)
        unpacked = sum(file.stat().st_size for file in task.rglob("*") if file.is_file())
        print(f"archive {archive.stat().st_size / 1e6:.1f} MB, unpacked {unpacked / 1e6:.1f} MB")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
        python = home / "bin" / "python"
        empty = processor_seconds(python, task, "pass")
        as_it_is = processor_seconds(python, task, PROGRAM)
        for compiled in task.rglob("*.pyc"):
            compiled.unlink()
        bare = processor_seconds(python, task, PROGRAM)
    print("| until the first answer | ms of processor |\n|---|---:|")
    for what, seconds in (("an empty interpreter", empty), ("the archive", as_it_is), ("without compiled files", bare)):
        print(f"| {what} | {1000 * seconds:.0f} |")


if __name__ == "__main__":
    main()
