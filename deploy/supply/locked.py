"""What a bundle needs of ``requirements.lock``: the packages that it names and all that those need, with their hashes.

The needs are read from the metadata of what is installed here, which the lock itself installed; nothing is asked of an
index. So a bundle has the very versions that the tests ran with.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import requires

from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.supply.lock_file import Pin, read_lock

LATE_PATCH = 11
"""Patch release that another Python than this one has at the least: back-ports for earlier ones are not taken along."""


def target_environment(python: str) -> dict[str, str]:
    """Return the markers' values on a 64-bit Linux machine with that Python, such as ``3.12``.

    This machine's own Python is taken as it is, back-ports that an early patch release of it needs included.
    """
    major, minor, patch = sys.version_info[:3]
    return {name: str(value) for name, value in default_environment().items()} | {
        "python_version": python,
        "python_full_version": f"{python}.{patch if python == f'{major}.{minor}' else LATE_PATCH}",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def closure(names: Iterable[str], environment: Mapping[str, str]) -> list[str]:
    """Return the canonical names of the packages and of all that they need there, sorted.

    PackageNotFoundError if one is not installed here.
    """
    done: dict[str, set[str]] = {}
    waiting = [Requirement(name) for name in names]
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), {"", *wanted.extras}
        if extras <= done.setdefault(name, set()):
            continue
        fresh = extras - done[name]
        done[name] |= extras
        for text in requires(name) or []:
            needed = Requirement(text)
            if needed.marker is None or any(_holds(needed.marker, environment, extra) for extra in fresh):
                waiting.append(needed)
    return sorted(done)


def pins_of(names: Iterable[str], python: str) -> list[Pin]:
    """Return the lock's pins of the packages and of all that they need with that Python; KeyError if it lacks one."""
    environment = target_environment(python)
    pins = {pin.name: pin for pin in read_lock() if pin.holds(environment)}
    return [pins[name] for name in closure(names, environment)]


def requirements_of(pins: Iterable[Pin]) -> str:
    """Return pins as a requirements file."""
    return "".join(pin.requirement for pin in pins)


def _holds(marker: Marker, environment: Mapping[str, str], extra: str) -> bool:
    return marker.evaluate({**environment, "extra": extra})
