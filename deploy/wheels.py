"""Wheels of locked packages for the machines that bundles run on: fetched by hash, or laid out as a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
"""What Amazon Linux 2023 takes, on Elastic Beanstalk and on Lambda."""


def fetch_wheels(requirements: Path, folder: Path, python: str, *, cache: Path) -> list[Path]:
    """Fetch the wheels of a requirements file with hashes into a folder, and return them; nothing is built.

    What ``cache`` holds is not asked of the index again: pip takes it from there if the hash is right.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    at_hand = ("--find-links", str(cache), "--dest", str(folder))
    try:
        _pip("download", requirements, python, "--no-index", *at_hand)
    except subprocess.CalledProcessError:
        _pip("download", requirements, python, *at_hand)
    wheels = sorted(folder.glob("*.whl"))
    for wheel in wheels:
        if not (cache / wheel.name).exists():
            shutil.copy(wheel, cache)
    return wheels


def lay_out(requirements: Path, wheels: Path, target: Path, python: str) -> None:
    """Unpack the requirements' wheels into a folder, as an installation has them, without compiled files."""
    _pip(
        "install",
        requirements,
        python,
        "--no-index",
        "--find-links",
        str(wheels),
        "--no-compile",
        "--target",
        str(target),
    )
    for programs in target.glob("bin/*"):  # they name the Python of this machine
        programs.unlink()


def compile_for_keeps(folder: Path, place: str) -> None:
    """Put compiled files beside the code, to be believed without a look at it, for a place that cannot be written to.

    ``place`` is where the folder will lie. One seed and a process of its own: the same code gives the same bytes.
    """
    program = (
        "import compileall, py_compile, sys; "
        "compileall.compile_dir(sys.argv[1], maxlevels=50, quiet=2, stripdir=sys.argv[1], prependdir=sys.argv[2], "
        "invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
    )
    subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program, str(folder), place], check=True, env={**os.environ, "PYTHONHASHSEED": "0"}
    )


def _pip(command: str, requirements: Path, python: str, *options: str) -> None:
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    subprocess.run(  # noqa: S603 - our own words
        [
            *(sys.executable, "-m", "pip", command, "-qq", "--disable-pip-version-check"),
            *("--no-deps", "--require-hashes", "--only-binary", ":all:", "--python-version", python, *platforms),
            *("--requirement", str(requirements), *options),
        ],
        check=True,
        capture_output="--no-index" in options,
    )
