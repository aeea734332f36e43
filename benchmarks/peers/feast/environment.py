"""Feast's own virtual environment: its pandas (below 3) and redis (below 8) cannot live with the engine's."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def make_environment(python: Path) -> None:
    """Make the environment that ``python`` (``.../bin/python``) is to be of, and install Feast there: 600 MB."""
    root = python.absolute().parent.parent
    print(f"making {root} from {REQUIREMENTS}", file=sys.stderr, flush=True)
    venv.create(root, with_pip=True)
    install = [str(python.absolute()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", str(REQUIREMENTS)], check=True)


def missing(python: Path) -> str:
    """Return what Feast needs and is not there, or nothing."""
    if not python.exists():
        return f"no Feast at {python}: python -m benchmarks --make-feast"
    found = subprocess.run([str(python.absolute()), "-c", "import feast"], capture_output=True, text=True, check=False)
    return "" if not found.returncode else f"Feast at {python} cannot be imported"
