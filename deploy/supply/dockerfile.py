"""Reads the image's Dockerfile and ``.dockerignore``: as much of both as ours use, an error for the rest."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.supply.image_packages import DOCKERFILE, ROOT

__all__ = ["DOCKERFILE", "ROOT", "Instruction", "read_context_rules", "read_instructions", "shown_files"]

KNOWN = {
    *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL", "USER"),
    *("ADD", "VOLUME", "WORKDIR"),
}


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name, its ``--options``, its words, and whether they stand in the exec form."""

    name: str
    options: tuple[str, ...]
    words: tuple[str, ...]
    is_exec: bool


@dataclass(frozen=True)
class Rule:
    """A line of ``.dockerignore``: whether it shows, and the paths that it speaks of."""

    shows: bool
    text: str
    paths: re.Pattern[str]

    def may_show_below(self, folder: str) -> bool:
        """Return whether it may show something in a folder that is hidden."""
        return self.shows and (self.text.startswith((f"{folder}/", "*")))


def read_instructions(text: str) -> list[Instruction]:
    """Return a Dockerfile's instructions in order; ValueError names one that is not understood."""
    lines = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n?", "", text, flags=re.MULTILINE)).splitlines()
    return [_instruction(line) for line in lines if line.strip()]


def _instruction(line: str) -> Instruction:
    name, _, rest = line.strip().partition(" ")
    if name not in KNOWN:
        raise ValueError(f"{name}: no instruction that is known here")
    options, rest = _options(rest.strip())
    if name == "HEALTHCHECK":
        rest = rest.removeprefix("CMD").strip()
    if rest.startswith("["):
        return Instruction(name, options, tuple(json.loads(rest)), is_exec=True)
    return Instruction(name, options, tuple(shlex.split(rest)), is_exec=False)


def _options(rest: str) -> tuple[tuple[str, ...], str]:
    found = re.match(r"(?:--[a-z-]+=\S+\s+)*", rest)
    assert found is not None
    return tuple(found[0].split()), rest[found.end() :]


def read_context_rules(file: Path = ROOT / ".dockerignore") -> list[Rule]:
    """Return the rules of ``.dockerignore`` in order."""
    lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    texts = [line for line in lines if line and not line.startswith("#")]
    return [Rule(text.startswith("!"), text.lstrip("!"), _pattern(text.lstrip("!"))) for text in texts]


def shown_files(rules: Sequence[Rule], root: Path = ROOT) -> list[Path]:
    """Return the files below a folder that a build would see.

    The last rule that speaks of a file counts, or else what is said of its folder.
    """
    return sorted(_shown(rules, root, root, shown=True))


def _shown(rules: Sequence[Rule], root: Path, folder: Path, *, shown: bool) -> Iterator[Path]:
    for path in folder.iterdir():
        name = path.relative_to(root).as_posix()
        own = next((rule.shows for rule in reversed(rules) if rule.paths.fullmatch(name)), shown)
        if not path.is_dir() or path.is_symlink():
            yield from [path] if own else []
        elif own or any(rule.may_show_below(name) for rule in rules):
            yield from _shown(rules, root, path, shown=own)


def _pattern(rule: str) -> re.Pattern[str]:
    """Return a rule of Docker's as a pattern: ``**/`` any folders, ``*`` within a name, ``[...]`` one of these."""
    parts = re.split(r"(\*\*/|\*|\[[^\]]*\])", rule)
    words = {"**/": "(?:.*/)?", "*": "[^/]*"}
    return re.compile("".join(words.get(part, part if part.startswith("[") else re.escape(part)) for part in parts))
