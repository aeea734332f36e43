"""The search for persons finds what is planted, however it is written, coded or packed; and nothing else."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import html
import io
import json
import lzma
import pickle
import quopri
import random
import sqlite3
import struct
import tarfile
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from urllib.parse import quote, quote_plus
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bson import BSON, Int64
from matplotlib.figure import Figure

from tests.personal_data import ADDRESS, BARE_HASH, CLIENT_ID, CPF, NAME, Persons, Search, fold

PERSON_CPF, PERSON_NAME, STREET = "52998224725", "José Antônio Gonçalves", "Avenida Paulista, 1578"
PERSON_ID = "7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e"
SHORT_CPF = "01234567890"
RECORD = f"x {PERSON_CPF} y; {PERSON_NAME}; {STREET}; {PERSON_ID}"
EVERYTHING = {CPF, NAME, ADDRESS, CLIENT_ID}


@pytest.fixture(scope="module")
def search() -> Search:
    crowd = random.Random(5)
    cpfs = {f"{crowd.randrange(10**11):011d}" for _ in range(2_000)}
    names = {f"Maria {crowd.randrange(10**6)} da Silva" for _ in range(2_000)}
    persons = Persons(
        cpfs | {PERSON_CPF, SHORT_CPF}, names | {PERSON_NAME, "Ana Lima"}, {STREET, "Rua A, 1"}, {PERSON_ID}
    )
    return Search(persons)


def found(search: Search, data: bytes) -> set[str]:
    return {leak.kind for leak in search.in_bytes(data, "here")}


def packed_zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", data)
    return file.getvalue()


def packed_tar(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        member = tarfile.TarInfo("inner.txt")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def packed_by_arrow(codec: str) -> Callable[[bytes], bytes]:
    def pack(data: bytes) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, codec) as stream:
            stream.write(data)
        return sink.getvalue().to_pybytes()

    return pack


def in_parquet(data: bytes) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": [data.decode()]}), file, compression="zstd", write_statistics=False)
    return file.getvalue()


def in_arrow(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"a": [[{"b": data.decode()}]]})
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def in_sqlite(data: bytes) -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table t (a blob)")
        connection.execute("insert into t values (?)", (gzip.compress(data),))
        return connection.serialize()


def png_text(data: bytes) -> bytes:
    file = io.BytesIO()
    Figure(figsize=(1, 1)).savefig(file, metadata={"Description": "x" * 2_000 + data.decode()})
    return file.getvalue()


def compressed_png_text(data: bytes) -> bytes:
    body = b"Comment\x00\x00" + zlib.compress(data)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    image = png_text(b"nobody")
    return image[:33] + chunk + image[33:]


def in_svg(data: bytes) -> bytes:
    figure = Figure(figsize=(1, 1))
    figure.text(0, 0, data.decode())
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Description": data.decode()})
    return html.escape(file.getvalue()).encode()


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda data: data,
    "upper case": lambda data: data.decode().upper().encode(),
    "lower case": lambda data: data.decode().lower().encode(),
    "without accents": lambda data: unicodedata.normalize("NFKD", data.decode()).encode("ascii", "ignore"),
    "decomposed accents": lambda data: unicodedata.normalize("NFD", data.decode()).encode(),
    "Latin-1": lambda data: data.decode().encode("latin-1"),
    "UTF-16LE": lambda data: b"\x01" + data.decode().encode("utf-16-le"),
    "UTF-16BE": lambda data: data.decode().encode("utf-16-be"),
    "JSON": lambda data: json.dumps({"a": data.decode()}).encode(),
    "JSON in JSON": lambda data: json.dumps(json.dumps(data.decode())).encode(),
    "repr of bytes": lambda data: repr(data).encode(),
    "octal escapes": lambda data: b"".join(b"\\%03o" % byte if byte > 127 else bytes([byte]) for byte in data),
    "spread over lines": lambda data: data.replace(b" ", b"\n\t  "),
    "underscores": lambda data: data.replace(b" ", b"_"),
    "HTML": lambda data: data.decode().encode("ascii", "xmlcharrefreplace"),
    "HTML, named": lambda data: b"<b>" + data.replace("ç".encode(), b"&ccedil;").replace("ô".encode(), b"&ocirc;"),
    "every character an entity": lambda data: "".join(f"&#x{ord(one):x};" for one in data.decode()).encode(),
    "URL": lambda data: f"/x?nome={quote(data.decode())}".encode(),
    "form": lambda data: quote_plus(data.decode()).encode(),
    "Latin-1 URL": lambda data: quote(data.decode(), encoding="latin-1").encode(),
    "quoted printable": lambda data: quopri.encodestring(data).replace(b"=\n", b""),
    "base64": base64.b64encode,
    "base64 in the middle of a word": lambda data: b"ab" + base64.b64encode(data) + b"c",
    "base64 for URLs": lambda data: b'{"t": "' + base64.urlsafe_b64encode(data).rstrip(b"=") + b'"}',
    "hexadecimal": lambda data: data.hex().encode(),
    "PostgreSQL's bytea": lambda data: b"\\\\x" + data.hex().encode(),
    "gzip": gzip.compress,
    "gzip within other bytes": lambda data: b"abc" * 99 + gzip.compress(data) + b"abc",
    "cut short gzip": lambda data: gzip.compress(data * 99)[:-9],
    "zlib within other bytes": lambda data: b"abc" + zlib.compress(data),
    "zstd": packed_by_arrow("zstd"),
    "lz4": packed_by_arrow("lz4"),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": packed_zip,
    "tar.gz": packed_tar,
    "Parquet": in_parquet,
    "Arrow": in_arrow,
    "SQLite, compressed": in_sqlite,
    "pickle": lambda data: pickle.dumps({"a": [data.decode()]}),
    "BSON": lambda data: BSON.encode({"a": data.decode()}),
    "PNG": png_text,
    "PNG, compressed": compressed_png_text,
    "PNG in HTML": lambda data: b'<img src="data:image/png;base64,' + base64.b64encode(png_text(data)) + b'">',
    "SVG": in_svg,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_seen_through(search, form):
    assert found(search, FORMS[form](RECORD.encode())) == EVERYTHING


@pytest.mark.parametrize("form", FORMS)
def test_what_holds_nobody_is_clean(search, form):
    assert found(search, FORMS[form](b"x 52998224726 y; Jose Antonio Alves; Rua Paulista, 1578; Avenida")) == set()


CPF_FORMS: dict[str, bytes] = {
    "plain": b"52998224725",
    "punctuated": b"529.982.247-25",
    "half punctuated": b"529982247-25",
    "spaces": b"529 982 247 25",
    "in JSON": b'{"cpf":52998224725}',
    "in a word": b"cpf52998224725x",
    "int64, little endian": struct.pack("<q", 52998224725),
    "int64, big endian": b"\x01" + struct.pack(">q", 52998224725),
    "double": b"\x01\x02\x03" + struct.pack("<d", 52998224725.0),
    "BSON": BSON.encode({"cpf": Int64(52998224725)}),
    "pickled": pickle.dumps([52998224725]),
    "without its zero": b'{"cpf":1234567890}',
    "floating": b"52998224725.0",
}


@pytest.mark.parametrize("form", CPF_FORMS)
def test_a_cpf_is_found_however_it_is_written(search, form):
    assert found(search, CPF_FORMS[form]) == {CPF}


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize("text", ["52998224725", "529.982.247-25"])
def test_a_hash_that_needs_no_key_is_as_good_as_the_cpf(search, algorithm, text):
    digest = hashlib.new(algorithm, text.encode())
    assert found(search, digest.digest()) == {BARE_HASH}
    assert found(search, b"sha256:" + digest.hexdigest()[:16].encode()) == {BARE_HASH}


def test_a_consumer_id_is_found_as_sixteen_bytes(search):
    assert found(search, b"\x00" + UUID(PERSON_ID).bytes) == {CLIENT_ID}
    assert found(search, UUID(PERSON_ID).hex.upper().encode()) == {CLIENT_ID}


@pytest.mark.parametrize(
    "text",
    ["152998224725", "529982247250", "1763870000123", "529.982.247.250", "Ana Lima", "Rua A, 1", "José Antônio"],
)
def test_longer_numbers_and_ordinary_words_are_nobody(search, text):
    assert found(search, text.encode()) == set()


def test_a_database_is_read_with_its_journal(search, tmp_path):
    path = tmp_path / "prefect.db"
    with sqlite3.connect(path) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table t (a)")
        connection.execute("insert into t values (?)", (base64.b64encode(RECORD.encode()),))
        connection.commit()
        assert {leak.kind for leak in search.in_file(path)} == EVERYTHING


def test_a_find_tells_where_and_never_whom(search):
    [leak] = search.in_bytes(gzip.compress(b"line 7: " + PERSON_CPF.encode()), "log")
    assert (leak.kind, leak.where, leak.before) == (CPF, "log > deflate at 0", "line 7 ")
    assert PERSON_CPF not in repr(leak)


def test_megabytes_are_searched_in_seconds(search):
    noise = random.Random(7).randbytes(2_000_000) + b"GET /clientes 200 0.003 ana paula da silva\n" * 50_000
    begin = time.process_time()
    assert search.in_memory(noise + PERSON_CPF.encode(), "memory")
    assert search.in_memory(noise, "memory") == []
    assert time.process_time() - begin < 10


def test_folding_keeps_letters_and_digits_alone():
    assert fold("ÁÉÍÓÚ ãõ Ç—ñ ß №7".encode()) == b"aeiou ao c n 7"
