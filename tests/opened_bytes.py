"""What bytes hold: themselves, what is packed in them, and what their escapes and codes stand for, in layers.

Packed: gzip, zlib and zstd anywhere, zip, tar, bzip2, xz, lz4, Parquet, Arrow, SQLite, pickle (read, never run) and
the parts of a PNG. Coded: UTF-16, base64, hexadecimal, percent signs, HTML entities, JSON's and Python's escapes.
"""

from __future__ import annotations

import base64
import bz2
import html
import io
import lzma
import pickletools
import re
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pyarrow as pa
import pyarrow.parquet as pq

MAX_DEPTH = 5
MIN_BYTES = 8
"""Nothing that is looked for is shorter."""

Layer = tuple[str, bytes]


def open_up(data: bytes, name: str, depth: int = MAX_DEPTH, seen: set[int] | None = None) -> Iterator[Layer]:
    """Yield the bytes under their name and every layer below them, named by the way to it; equal ones once."""
    seen = set() if seen is None else seen
    seen.add(hash(data))
    yield name, data
    if depth == 0:
        return
    for word, inner in _inside(data):
        if len(inner) >= MIN_BYTES and hash(inner) not in seen:
            yield from open_up(inner, f"{name} > {word}", depth - 1, seen)


def open_file(path: Path) -> Iterator[Layer]:
    """Yield a file's layers; of an SQLite database with a journal all that both hold."""
    journal = path.with_name(path.name + "-wal")
    if not journal.exists():
        yield from open_up(path.read_bytes(), str(path))
        return
    yield str(path), path.read_bytes()
    yield str(journal), journal.read_bytes()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        yield from open_up(_dump(connection), f"{path} with its journal", MAX_DEPTH - 1)


def _inside(data: bytes) -> Iterator[Layer]:
    for word, magic, unpack in _CONTAINERS:
        if data.startswith(magic) and len(data) > len(magic):
            yield from ((f"{word} {part}".strip(), inner) for part, inner in _attempt(unpack, data))
    if data[257:262] == b"ustar":
        yield from ((f"tar {part}", inner) for part, inner in _attempt(_tar, data))
    yield from _deflated_anywhere(data)
    yield from _decoded(data)


def _attempt(unpack: Callable[[bytes], Iterator[Layer]], data: bytes) -> Iterator[Layer]:
    """Yield what can be unpacked; bytes that only begin like a container are searched as they are."""
    try:
        yield from unpack(data)
    except _BROKEN:
        return


_BROKEN = (ValueError, OSError, EOFError, KeyError, IndexError, NotImplementedError, RuntimeError)
_BROKEN += (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, pa.ArrowException, sqlite3.Error)


def _zip(data: bytes) -> Iterator[Layer]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for one in archive.infolist():
            yield one.filename, archive.read(one)


def _tar(data: bytes) -> Iterator[Layer]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for one in archive:
            file = archive.extractfile(one)
            yield one.name, file.read() if file else b""


def _arrow_stream(codec: str) -> Callable[[bytes], Iterator[Layer]]:
    def unpack(data: bytes) -> Iterator[Layer]:
        with pa.input_stream(pa.BufferReader(data), compression=codec) as stream:
            yield "", stream.read()

    return unpack


def _parquet(data: bytes) -> Iterator[Layer]:
    yield from _table(pq.read_table(io.BytesIO(data)))


def _arrow(data: bytes) -> Iterator[Layer]:
    yield from _table(pa.ipc.open_file(io.BytesIO(data)).read_all())


def _table(table: pa.Table) -> Iterator[Layer]:
    for name, column in zip(table.column_names, table.columns, strict=True):
        yield name, "\n".join(map(str, column.to_pylist())).encode()


def _sqlite(data: bytes) -> Iterator[Layer]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(bytes(data[:18]) + b"\x01\x01" + bytes(data[20:]))  # not WAL: there is no journal here
        yield "rows", _dump(connection)


def _dump(connection: sqlite3.Connection) -> bytes:
    """Return every value of every table, one a line; bytes among them as they are."""
    connection.text_factory = bytes
    tables = [row[0].decode() for row in connection.execute("select name from sqlite_master where type = 'table'")]
    lines = []
    for table in tables:
        try:
            rows = connection.execute(f'select * from "{table}"').fetchall()
        except sqlite3.OperationalError:  # a virtual table, whose module is not here: its shadow tables are read
            continue
        lines += [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row]
    return b"\n".join(lines)


def _pickle(data: bytes) -> Iterator[Layer]:
    values = [argument for _, argument, _ in pickletools.genops(data) if argument is not None]
    yield "values", b"\n".join(one if isinstance(one, bytes) else str(one).encode() for one in values)


def _png(data: bytes) -> Iterator[Layer]:
    place, pixels = 8, b""
    while place + 8 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + length]
        pixels += body if kind == b"IDAT" else b""
        if kind in {b"tEXt", b"eXIf"}:
            yield kind.decode(), body
        place += 12 + length
    yield "pixels", zlib.decompress(pixels)  # compressed texts are found as zlib anywhere is


_CONTAINERS: tuple[tuple[str, bytes, Callable[[bytes], Iterator[Layer]]], ...] = (
    ("zip", b"PK\x03\x04", _zip),
    ("bzip2", b"BZh", lambda data: iter([("", bz2.decompress(data))])),
    ("xz", b"\xfd7zXZ", lambda data: iter([("", lzma.decompress(data))])),
    ("lz4", b"\x04\x22\x4d\x18", _arrow_stream("lz4")),
    ("Parquet", b"PAR1", _parquet),
    ("Arrow", b"ARROW1", _arrow),
    ("SQLite", b"SQLite format 3\x00", _sqlite),
    *(("pickle", bytes([0x80, protocol]), _pickle) for protocol in range(2, 6)),
    ("PNG", b"\x89PNG\r\n\x1a\n", _png),
)

_DEFLATED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|\x28\xb5\x2f\xfd")
_ZLIB_OR_GZIP = 47
"""zlib's window bits that take either header."""

_TRIED = 512
"""Bytes after which it mostly shows that two letters were no header."""


def _deflated_anywhere(data: bytes) -> Iterator[Layer]:
    """Yield what was compressed by gzip, zlib or zstd, wherever in the bytes it begins."""
    over = 0
    for found in _DEFLATED.finditer(data):
        begin = found.start()
        if begin < over:
            continue
        if data[begin] == 0x28:
            yield from (("zstd", inner) for _, inner in _attempt(_arrow_stream("zstd"), data[begin:]))
            continue
        unpacker = zlib.decompressobj(_ZLIB_OR_GZIP)
        try:
            zlib.decompressobj(_ZLIB_OR_GZIP).decompress(data[begin : begin + _TRIED])
            inner = unpacker.decompress(data[begin:])
        except zlib.error:
            continue
        if len(inner) >= MIN_BYTES:
            over = len(data) - len(unpacker.unused_data)
            yield f"deflate at {begin}", inner


_UTF16 = (
    ("UTF-16LE", re.compile(rb"(?:[\t\n\r\x20-\x7e\xa0-\xff]\x00){8,}"), "utf-16-le"),
    ("UTF-16BE", re.compile(rb"(?:\x00[\t\n\r\x20-\x7e\xa0-\xff]){8,}"), "utf-16-be"),
)
_JSON_ESCAPE = re.compile(rb"\\+u([0-9a-fA-F]{4})")
_BYTE_ESCAPE = re.compile(rb"\\+(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2}))")
_ENTITY = re.compile(rb"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")
_PERCENT = re.compile(rb"%[0-9a-fA-F]{2}")
_QUOTED_PRINTABLE = re.compile(rb"=([0-9A-F]{2})")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){8,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_URLSAFE = bytes.maketrans(b"-_", b"+/")


_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))
_MAX_CONTROLS = 0.02
"""Share of control characters up to which bytes are text; compressed ones have a tenth."""

_PRINTED = re.compile(rb"[\t\n\r\x20-\x7e]{8,}")


def _decoded(data: bytes) -> Iterator[Layer]:
    for word, pattern, coding in _UTF16:
        if found := b"\n".join(one.decode(coding).encode() for one in pattern.findall(data)):
            yield word, found
    if len(data) - len(data.translate(None, _CONTROLS)) > _MAX_CONTROLS * len(data):
        data = b"\n".join(_PRINTED.findall(data))  # no escape and no code has other characters
    if b"\\" in data:
        yield "JSON escapes", _JSON_ESCAPE.sub(lambda m: chr(int(m[1], 16)).encode("utf-8", "replace"), data)
        yield "byte escapes", _BYTE_ESCAPE.sub(lambda m: bytes([int(m[1], 16) if m[1] else int(m[2], 8)]), data)
    if _ENTITY.search(data):
        yield "entities", _ENTITY.sub(lambda m: html.unescape(m[0].decode()).encode("utf-8", "replace"), data)
    if _PERCENT.search(data):
        yield "percent signs", unquote_to_bytes(data)
    if _QUOTED_PRINTABLE.search(data):
        yield "quoted printable", _QUOTED_PRINTABLE.sub(lambda m: bytes.fromhex(m[1].decode()), data)
    if found := b"\n".join(bytes.fromhex(one.decode()) for one in _HEX.findall(data)):
        yield "hexadecimal", found
    yield from _base64(data)


def _base64(data: bytes) -> Iterator[Layer]:
    """Yield what base64 stands for, wherever in a run of its letters it begins."""
    whole, shifted = [], []
    for run in _BASE64.findall(data):
        text = run.translate(_URLSAFE)
        for begin in range(4):
            part = text[begin : begin + (len(text) - begin) // 4 * 4]
            rest = text[begin + len(part) :]
            (whole if begin == 0 else shifted).append(_decode64(part) + _decode64(rest + b"=" * (-len(rest) % 4)))
    for inner in whole:
        if inner.startswith(tuple(magic for _, magic, _ in _CONTAINERS)):
            yield "base64", inner
    yield "base64", b"\n".join(whole)
    yield "base64, shifted", b"\n".join(shifted)


def _decode64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""
