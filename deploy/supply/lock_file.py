"""Reads ``requirements.lock``: every pinned distribution with its version, marker, hashes and what asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[2] / "requirements.lock"
ROOT_PACKAGE = "escore"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.+?))? \\$")
_HASH = re.compile(r"^    --hash=sha256:(?P<digest>[0-9a-f]{64})(?: \\)?$")
_ASKER = re.compile(r"^    #(?: via |   )(?P<name>[A-Za-z0-9_.-]+)(?: \(pyproject\.toml\))?$")


@dataclass(frozen=True)
class Pin:
    """One line of the lock: ``marker`` says where it holds, None everywhere; ``askers`` are those that need it."""

    name: str
    version: str
    marker: str | None
    hashes: tuple[str, ...]
    askers: tuple[str, ...]

    def holds(self, environment: Mapping[str, str]) -> bool:
        """Return whether it is meant for a machine of which the markers' values are given."""
        return self.marker is None or Marker(self.marker).evaluate(dict(environment))

    @property
    def requirement(self) -> str:
        """Return it as lines of a requirements file, with its hashes and without its marker."""
        hashes = " \\\n".join(f"    --hash=sha256:{digest}" for digest in self.hashes)
        return f"{self.name}=={self.version} \\\n{hashes}\n"


def read_lock(lock: Path = LOCK) -> tuple[Pin, ...]:
    """Return the lock's pins in its order; ValueError names a line that is not understood, or a pin without a hash."""
    blocks: list[list[str]] = []
    for number, line in enumerate(lock.read_text("utf-8").splitlines(), 1):
        if _PIN.match(line):
            blocks.append([line])
        elif blocks and (_HASH.match(line) or _ASKER.match(line) or line == "    # via"):
            blocks[-1].append(line)
        elif blocks or not line.startswith("#"):
            raise ValueError(f"{lock.name}, line {number}: not a pin with its hashes")
    return tuple(_pin(block) for block in blocks)


def _pin(block: list[str]) -> Pin:
    head = _PIN.match(block[0])
    assert head is not None
    hashes = tuple(found["digest"] for line in block[1:] if (found := _HASH.match(line)))
    if not hashes:
        raise ValueError(f"{head['name']} has no hash")
    askers = tuple(canonicalize_name(found["name"]) for line in block[1:] if (found := _ASKER.match(line)))
    return Pin(canonicalize_name(head["name"]), head["version"], head["marker"], hashes, askers)
