"""The manifest of an artifact: which files it holds and the checksum of each, sealed with one of its own."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from contracts.canonical_json import canonical_json

MANIFEST_NAME = "manifesto.json"
MANIFEST_FORMAT = 2
UNSEALED_FORMAT = 1
"""Manifests of this format hold no checksum of their own; those of registered models may be of it."""
_SEAL = "selo"
_NO_SEAL = "0" * 64
_FILE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of an artifact: its size in bytes, SHA-256 and, for a table, its rows."""

    size: int
    sha256: str
    rows: int | None

    @classmethod
    def of(cls, data: memoryview | bytes, rows: int | None = None) -> Self:
        """Return the entry of a file that holds these bytes."""
        return cls(len(data), hashlib.sha256(data).hexdigest(), rows)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artifact holds; ``meta`` is the writer's own (counts, dates, versions; never personal)."""

    files: Mapping[str, FileEntry]
    meta: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Return one SHA-256 over all files' names and checksums: equal content, equal digest."""
        lines = "".join(f"{name} {entry.sha256}\n" for name, entry in sorted(self.files.items()))
        return hashlib.sha256(lines.encode()).hexdigest()


def manifest_json(manifest: Manifest) -> bytes:
    """Return a manifest's bytes, which end with a checksum of their own."""
    files = {
        name: {"bytes": entry.size, "sha256": entry.sha256, "linhas": entry.rows}
        for name, entry in manifest.files.items()
    }
    body = {"formato": MANIFEST_FORMAT, "arquivos": files, "meta": manifest.meta, _SEAL: _NO_SEAL}
    return _sealed(canonical_json(body))


def parse_manifest(text: bytes) -> Manifest:
    """Return the manifest that the bytes hold; one of `contracts.errors.UNREADABLE` if they are not as written."""
    body = json.loads(text)
    if body["formato"] not in (MANIFEST_FORMAT, UNSEALED_FORMAT):
        raise ValueError("another format")
    if body["formato"] == MANIFEST_FORMAT and text != _sealed(text):
        raise ValueError("altered")
    entries = {name: FileEntry(int(e["bytes"]), str(e["sha256"]), e["linhas"]) for name, e in body["arquivos"].items()}
    if not all(map(_FILE_NAME.fullmatch, entries)):
        raise ValueError("no name of a file")
    if not all(_SHA256.fullmatch(entry.sha256) for entry in entries.values()):
        raise ValueError("no checksum")
    return Manifest(entries, dict(body["meta"]))


def _sealed(data: bytes) -> bytes:
    """Return a manifest's bytes with the SHA-256 of all else in its last entry; ValueError if it has no such entry.

    Its counts end up in the ledger: they are trusted by checksum, as files are.
    """
    head, mark, tail = data.rpartition(f'"{_SEAL}": "'.encode())
    if not mark:
        raise ValueError("no seal")
    rest = tail[len(_NO_SEAL) :]
    digest = hashlib.sha256(b"".join([head, mark, _NO_SEAL.encode(), rest])).hexdigest()
    return b"".join([head, mark, digest.encode(), rest])
