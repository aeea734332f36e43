"""Archives whose bytes depend on what they hold alone: names in order, one date, two modes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE, _PROGRAM = 0o100644, 0o100755
_PACKED = {".whl", ".zip", ".gz", ".png"}
"""Endings of what is compressed already."""


def write_archive(target: Path, files: Mapping[str, bytes | Path], programs: Iterable[str] = ()) -> None:
    """Write a zip of the files by their names in it; the named programs may be run."""
    executable = set(programs)
    with ZipFile(target, "w") as archive:
        for name in sorted(files):
            content = files[name]
            info = ZipInfo(name, EPOCH)
            info.external_attr = (_PROGRAM if name in executable else _FILE) << 16
            info.compress_type = ZIP_STORED if Path(name).suffix in _PACKED else ZIP_DEFLATED
            archive.writestr(info, content.read_bytes() if isinstance(content, Path) else content)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a zip into a folder, programs as such, and return the folder."""
    with ZipFile(archive) as content:
        for info in content.infolist():
            Path(content.extract(info, folder)).chmod(info.external_attr >> 16 & 0o777)
    return folder


def files_below(folder: Path, prefix: str = "", *, compiled: bool = False) -> dict[str, bytes | Path]:
    """Return the files below a folder by the names that they get in an archive; compiled ones only if asked for."""
    return {
        f"{prefix}{file.relative_to(folder).as_posix()}": file
        for file in folder.rglob("*")
        if file.is_file() and "node_modules" not in file.parts and (compiled or "__pycache__" not in file.parts)
    }


def digest_of(file: Path) -> str:
    """Return a file's SHA-256."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
