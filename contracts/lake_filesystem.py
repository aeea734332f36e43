"""The file system below a lake: a local folder, or a bucket of an S3-compatible service named by URL.

``s3://bucket/prefix`` takes ``region``, ``endpoint_override`` (host and port of a service other than AWS), ``scheme``
(of that service) and ``tls_ca_file_path``. Keys come from where the AWS SDK looks (environment, profile, the machine's
role) and never from the URL, so that no text made from a lake's root can hold one.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pyarrow import fs

from contracts.errors import SettingsError, StoreUnavailableError
from contracts.urls import S3

ATTEMPTS = 3
"""Tries of one request within the SDK, some 2 s in all; a range's task is tried again beyond them."""
CONNECT_SECONDS = 5.0
REQUEST_SECONDS = 60.0
"""Longest silence within a reply; a file of a range is some megabytes."""

_DISK_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})
_AWS_ERROR = re.compile(r"AWS Error ([A-Z_]+)")


@dataclass(frozen=True, slots=True)
class LakeFilesystem:
    """A file system, the path of the lake in it, and the lake's name as messages may show it."""

    filesystem: fs.FileSystem
    base: str
    name: str

    @property
    def is_local(self) -> bool:
        """Return whether files are on a disk of this machine: written by rename, in folders that must exist."""
        return isinstance(self.filesystem, fs.LocalFileSystem)

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Turn what a service or disk fails with into StoreUnavailableError; a missing file stays FileNotFoundError."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            if self.is_local:
                if error.errno in _DISK_TROUBLE:
                    raise StoreUnavailableError(f"lake {self.name}: {os.strerror(error.errno)}") from None
                raise
            said = _AWS_ERROR.search(str(error))
            raise StoreUnavailableError(f"lake {self.name}: {said[1] if said else type(error).__name__}") from None


def open_filesystem(root: str) -> LakeFilesystem:
    """Return the file system of a lake's root; SettingsError if its bucket does not exist."""
    if "://" not in root:
        return LakeFilesystem(fs.LocalFileSystem(), str(Path(root).resolve()), root)
    parts = urlsplit(root)
    name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if parts.scheme != S3:
        filesystem, base = fs.FileSystem.from_uri(root)
        return LakeFilesystem(filesystem, base, name)
    base = f"{parts.netloc}{parts.path}".rstrip("/")
    lake = LakeFilesystem(_s3(parts.netloc, dict(parse_qsl(parts.query))), base, name)
    with lake.reaching():
        if lake.filesystem.get_file_info(parts.netloc).type == fs.FileType.NotFound:
            raise SettingsError([f"SCORE_LAKE: there is no bucket {parts.netloc}"])
    return lake


def _s3(bucket: str, options: dict[str, str]) -> fs.S3FileSystem:
    given: dict[str, Any] = dict(options)
    if not {"region", "endpoint_override"} & given.keys():
        given["region"] = _region_of(bucket)
    return fs.S3FileSystem(
        **given,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=REQUEST_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        allow_delayed_open=True,  # a file below 5 MB is one PUT: whole or absent, and a third of the requests
    )


def _region_of(bucket: str) -> str:
    try:
        region: str = fs.resolve_s3_region(bucket)
    except OSError:
        raise StoreUnavailableError(
            f"lake {S3}://{bucket}: its region cannot be found; name it, as in {S3}://{bucket}?region=sa-east-1"
        ) from None
    return region
