"""Artifacts in the lake: a folder of Parquet/JSON files and a manifest of checksums, written last.

An artifact is trusted only through its manifest: it does not exist before the manifest does, and a file
that is missing, truncated or altered is named before a byte of it is used. The lake is a local folder or
a bucket (``s3://bucket/prefix``). Two processes that write the same content to one place do not disturb each other.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from contracts.canonical_json import canonical_json
from contracts.documents import reading_document, reading_parquet
from contracts.errors import DataIntegrityError
from contracts.lake_filesystem import open_filesystem
from contracts.manifests import MANIFEST_NAME, FileEntry, Manifest, manifest_json, parse_manifest
from contracts.parquet_encoding import encoding_options

_UNFINISHED = ".tmp"

Content: TypeAlias = pa.Table | Mapping[str, Any] | bytes
"""What a file may hold: a table (Parquet), a mapping (canonical JSON) or bytes as they are."""


class ArtifactStore:
    """Reads and writes artifacts below one root, a local folder or a URI such as ``s3://bucket/prefix``."""

    def __init__(self, root: str | Path) -> None:
        self._lake = open_filesystem(str(root))
        self._filesystem, self._base = self._lake.filesystem, self._lake.base
        self.root = self._lake.name

    def write(self, path: str, files: Mapping[str, Content], *, meta: Mapping[str, Any]) -> Manifest:
        """Write every file, then the manifest; an earlier artifact at ``path`` is replaced.

        Where the same content stands already it is never absent in between, so a worker that was taken for dead and
        finishes after its successor harms nothing.
        """
        encoded = {name: _encode(content) for name, content in files.items()}
        entries = {name: FileEntry.of(data, rows) for name, (data, rows) in encoded.items()}
        manifest = Manifest(entries, dict(meta))
        with self._lake.reaching():
            self._drop_other_manifest(path, entries)
            for name, (data, _) in encoded.items():
                self._write_bytes(f"{path}/{name}", data)
            self._write_bytes(f"{path}/{MANIFEST_NAME}", manifest_json(manifest))
            self._drop_other_files(path, entries)
        return manifest

    def read_manifest(self, path: str) -> Manifest | None:
        """Return the artifact's manifest, or None where no finished artifact stands."""
        data = self._read_buffer(f"{path}/{MANIFEST_NAME}")
        if data is None:
            return None
        with reading_document(f"{path}/{MANIFEST_NAME}", "altered, or not a manifest of this format"):
            return parse_manifest(data.to_pybytes())

    def read_table(
        self,
        path: str,
        name: str,
        columns: Sequence[str] | None = None,
        *,
        coded: Sequence[str] = (),
        manifest: Manifest | None = None,
    ) -> pa.Table:
        """Return a Parquet file of an artifact as a table, after its checksum has been compared.

        ``coded`` names text columns to leave coded by dictionary, as the file has them. ``manifest`` is the artifact's,
        where the caller has read it already.
        """
        data = pa.BufferReader(self._read_checked(path, name, manifest))
        with reading_parquet(f"{path}/{name}"):
            return pq.ParquetFile(data, read_dictionary=list(coded)).read(columns=columns, use_threads=False)

    def read_json(self, path: str, name: str) -> dict[str, Any]:
        """Return a JSON file of an artifact, an object, after its checksum has been compared."""
        with reading_document(f"{path}/{name}"):
            document = json.loads(self.read_bytes(path, name))
            if not isinstance(document, dict):
                raise TypeError("not an object")
        return document

    def read_bytes(self, path: str, name: str, *, manifest: Manifest | None = None) -> bytes:
        """Return a file's bytes; DataIntegrityError names it if it is missing or not what was written."""
        data: bytes = self._read_checked(path, name, manifest).to_pybytes()
        return data

    def check(self, path: str, name: str, *, manifest: Manifest) -> None:
        """Compare a file that is not needed with its checksum; DataIntegrityError as ``read_bytes`` has it."""
        self._read_checked(path, name, manifest)

    def _read_checked(self, path: str, name: str, manifest: Manifest | None) -> pa.Buffer:
        manifest = self.read_manifest(path) if manifest is None else manifest
        if manifest is None or name not in manifest.files:
            raise DataIntegrityError(f"{path}/{name}: not in the lake")
        return self._checked(f"{path}/{name}", manifest.files[name])

    def verify(self, path: str) -> Manifest:
        """Return the manifest after comparing every file with it; DataIntegrityError lists all damage."""
        manifest = self.read_manifest(path)
        if manifest is None:
            raise DataIntegrityError(f"{path}: not in the lake")
        damage = []
        for name, entry in manifest.files.items():
            try:
                self._checked(f"{path}/{name}", entry)
            except DataIntegrityError as error:
                damage.append(str(error))
        if damage:
            raise DataIntegrityError("; ".join(damage))
        return manifest

    def list(self, path: str) -> tuple[str, ...]:
        """Return the sorted names of the folders directly below ``path``."""
        return tuple(sorted(info.base_name for info in self._below(path) if info.type == fs.FileType.Directory))

    def delete(self, path: str) -> None:
        """Remove an artifact, its manifest first, or a whole folder of them; nothing there is no error."""
        with self._lake.reaching():
            self._delete_file(f"{path}/{MANIFEST_NAME}")
            with suppress(FileNotFoundError):
                self._filesystem.delete_dir(self._full(path))

    def drop_unfinished(self, path: str) -> int:
        """Remove what killed writers left below ``path``; return how many files. No writer may be at work there.

        In a bucket there is nothing to remove: a file is one PUT.
        """
        if not self._lake.is_local:
            return 0
        unfinished = [info for info in self._below(path, recursive=True) if info.base_name.endswith(_UNFINISHED)]
        with self._lake.reaching():
            for info in unfinished:
                with suppress(FileNotFoundError):
                    self._filesystem.delete_file(info.path)
        return len(unfinished)

    def _full(self, path: str) -> str:
        if ".." in path.split("/"):
            raise DataIntegrityError("a path in the lake may not climb out of it")
        return f"{self._base}/{path}"

    def _below(self, path: str, *, recursive: bool = False) -> Sequence[fs.FileInfo]:
        with self._lake.reaching():
            found: Sequence[fs.FileInfo] = self._filesystem.get_file_info(
                fs.FileSelector(self._full(path), allow_not_found=True, recursive=recursive)
            )
            return found

    def _delete_file(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._filesystem.delete_file(self._full(path))

    def _drop_other_manifest(self, path: str, entries: Mapping[str, FileEntry]) -> None:
        """Take away the manifest of another content, before any of its files changes."""
        try:
            standing = self.read_manifest(path)
        except DataIntegrityError:
            self._delete_file(f"{path}/{MANIFEST_NAME}")
            return
        if standing is not None and standing.files != entries:
            self._delete_file(f"{path}/{MANIFEST_NAME}")

    def _drop_other_files(self, path: str, entries: Mapping[str, FileEntry]) -> None:
        """Take away what an earlier artifact left; a name that ends ``.tmp`` may be another writer's, still at work."""
        for info in self._below(path):
            name = info.base_name
            is_ours = name in entries or name == MANIFEST_NAME or name.endswith(_UNFINISHED)
            if info.type == fs.FileType.File and not is_ours:
                self._delete_file(f"{path}/{name}")

    def _write_bytes(self, path: str, data: memoryview | bytes) -> None:
        full = self._full(path)
        if self._lake.is_local:
            Path(full).parent.mkdir(parents=True, exist_ok=True)
            _write_local(full, data)
        else:
            with self._filesystem.open_output_stream(full) as stream:
                stream.write(data)

    def _read_buffer(self, path: str) -> pa.Buffer | None:
        """Return a file's bytes in Arrow's memory, which is used again: Python's would be mapped anew for each file."""
        try:
            with self._lake.reaching(), self._filesystem.open_input_file(self._full(path)) as stream:
                return stream.read_buffer()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _checked(self, path: str, entry: FileEntry) -> pa.Buffer:
        data = self._read_buffer(path)
        if data is None:
            raise DataIntegrityError(f"{path}: missing")
        if len(data) != entry.size:
            raise DataIntegrityError(f"{path}: {len(data)} bytes where {entry.size} were written")
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise DataIntegrityError(f"{path}: altered since it was written")
        return data


def _encode(content: Content) -> tuple[memoryview | bytes, int | None]:
    if isinstance(content, pa.Table):
        sink = pa.BufferOutputStream()
        pq.write_table(content, sink, **encoding_options(content))
        return memoryview(sink.getvalue()), content.num_rows
    if isinstance(content, bytes):
        return content, None
    return canonical_json(content), None


def _write_local(full: str, data: memoryview | bytes) -> None:
    """Write through a temporary name and ``fsync``, so that a crash leaves the file whole or absent."""
    temporary = Path(f"{full}.{uuid4().hex}{_UNFINISHED}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if os.fstat(file.fileno()).st_size != len(data):
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        temporary.replace(full)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
