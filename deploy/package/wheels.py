"""Wheels of locked packages for the machines that bundles run on: fetched once, told by hash, laid out as a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from deploy.package.archives import digest_of
from deploy.supply.lock_file import Pin
from deploy.supply.locked import requirements_of

PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
"""What Amazon Linux 2023 takes, on Elastic Beanstalk and on Lambda."""
_IMPORTED = ("purelib", "platlib")
"""The parts of a wheel's own data that are imported; the others are programs, headers and pages."""


class WheelStore:
    """A folder of wheels for one Python; what it lacks is fetched from the package index, and nothing is built."""

    def __init__(self, folder: Path, python: str) -> None:
        self._folder = folder
        self._python = python

    def wheels_of(self, pins: Iterable[Pin]) -> list[Path]:
        """Return the pins' wheels, each by a hash of the lock's; CalledProcessError if the index has none."""
        wanted = list(pins)
        held = self._held()
        lacking = [pin for pin in wanted if not held.keys() & set(pin.hashes)]
        if lacking:
            self._fetch(lacking)
            held = self._held()
        return sorted(min(held[digest] for digest in pin.hashes if digest in held) for pin in wanted)

    def _held(self) -> dict[str, Path]:
        return {digest_of(wheel): wheel for wheel in self._folder.glob("*.whl")}

    def _fetch(self, pins: Iterable[Pin]) -> None:
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        self._folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._folder) as folder:
            listed = Path(folder) / "requirements.txt"
            listed.write_text(requirements_of(pins), "utf-8")
            subprocess.run(  # noqa: S603 - our own words
                [
                    *(sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check"),
                    *("--no-deps", "--require-hashes", "--only-binary", ":all:"),
                    *("--python-version", self._python, *platforms),
                    *("--requirement", str(listed), "--dest", folder),
                ],
                check=True,
            )
            for wheel in Path(folder).glob("*.whl"):
                wheel.replace(self._folder / wheel.name)


def lay_out(wheels: Iterable[Path], target: Path) -> None:
    """Unpack wheels into a folder as an installation has them, without programs and without compiled files."""
    for wheel in wheels:
        with ZipFile(wheel) as content:
            for member in content.infolist():
                name = _place_of(member.filename)
                if name is not None and not member.is_dir():
                    file = target / name
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(content.read(member))


def _place_of(name: str) -> str | None:
    """Return where a wheel's file lies below an installation's folder, None if it does not."""
    top, _, rest = name.partition("/")
    if not top.endswith(".data"):
        return name
    part, _, place = rest.partition("/")
    return place if part in _IMPORTED else None


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
