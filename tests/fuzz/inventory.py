"""All targets, by the group whose module declares them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from tests.fuzz.target import Target

GROUPS = {
    "access": "access",
    "api": "api",
    "audit": "audit",
    "berka": "berka",
    "bson": "bson",
    "cli": "command_line",
    "lake": "lake",
    "model": "model",
    "numbers": "numbers",
    "published": "published",
    "relational": "relational",
    "settings": "settings",
}
"""The first part of a target's name, and the module below ``tests.fuzz.targets`` that it stands in."""


def group_of(name: str) -> tuple[Target, ...]:
    """Return the targets of a group; only its module is imported."""
    targets: tuple[Target, ...] = import_module(f"tests.fuzz.targets.{GROUPS[name]}").TARGETS
    return targets


def find_target(name: str) -> Target:
    """Return a target by its name; KeyError if there is none."""
    group = name.partition("/")[0]
    return {target.name: target for target in group_of(group)}[name]


def all_targets() -> Iterator[Target]:
    """Yield every target."""
    for group in GROUPS:
        yield from group_of(group)
