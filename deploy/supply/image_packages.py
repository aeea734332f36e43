"""What the image installs, as ``python -m deploy.supply.image_packages`` writes it (``make lock``).

The engine's own dependencies and its extras for production, at the lock's versions with the lock's hashes: neither the
embedded stores nor anything of the tests.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from deploy.supply.locked import closure, pins_of, requirements_of, target_environment

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "image" / "Dockerfile"
REQUIREMENTS = ROOT / "deploy" / "image" / "requirements.lock"
EXTRAS = ("dask", "telemetry")
"""Extras of production; the others are the demo's, the tests' and the benchmarks'."""
HEADER = "# Made from requirements.lock by `make lock`: what the image installs on Python {python}, 64-bit Linux.\n"
_BASE = re.compile(r"^ARG PYTHON=\S*?python:(\d+\.\d+)", re.MULTILINE)


def declared(*extras: str) -> list[str]:
    """Return what pyproject.toml asks for: the engine's dependencies and those of the named extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]


def image_python() -> str:
    """Return the Python of the image, such as ``3.12``, as its Dockerfile names it."""
    found = _BASE.search(DOCKERFILE.read_text("utf-8"))
    assert found is not None, f"{DOCKERFILE.name} names no Python"
    return found[1]


def image_packages(*, extras: Sequence[str] = EXTRAS, python: str | None = None) -> list[str]:
    """Return the canonical names of all that is installed in the image."""
    return closure(declared(*extras), target_environment(python or image_python()))


def image_requirements(python: str | None = None) -> str:
    """Return the image's requirements file, for its own Python or another one."""
    python = python or image_python()
    return HEADER.format(python=python) + requirements_of(pins_of(declared(*EXTRAS), python))


if __name__ == "__main__":
    REQUIREMENTS.write_text(image_requirements(), "utf-8")
