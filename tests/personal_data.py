"""A search for persons in any bytes: CPFs, names, addresses, consumer ids, and hashes of them that need no key.

Text is compared without case, accents and punctuation, so that one needle stands for all ways to write it; numbers as
eight bytes, little and big endian, integer and floating. The needles are the values of the columns that the
declaration calls ``contracts.table_declaration.DIRECT``, as the stores hold them. `tests/opened_bytes.py` unpacks.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from contracts.cpf_number import normalize_cpf
from contracts.settings import Settings
from stores.connections import sql_engine
from tests.opened_bytes import Layer, open_file, open_up

CPF, NAME, ADDRESS, CLIENT_ID, BARE_HASH = "a CPF", "a name", "an address", "a consumer id", "a hash without a key"
MIN_TEXT = 12
"""Shorter names and addresses may be ordinary words of a page."""

SEARCHED = {
    "cpf": CPF,
    "nome": NAME,
    "id": CLIENT_ID,
    "cliente_id": CLIENT_ID,
    "longadouro": ADDRESS,
    "numero": ADDRESS,
    "complemento": ADDRESS,
    "bairro": ADDRESS,
    "cidade": ADDRESS,
}
"""As what each column that names or finds a person is found.

Of addresses, street and number together: a street, a quarter and a city alone are everybody's.
"""

_ANCHOR = 8
_BITS = 24
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_BELOW_CPFS, _ABOVE_CPFS = 10**9, 10**11


@dataclass(frozen=True, slots=True)
class Leak:
    """One find: what of, and where; never the value."""

    kind: str
    where: str
    before: str
    """Some characters before it, to find the line by."""


@dataclass
class Persons:
    """The identifiers of some persons."""

    cpfs: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    client_ids: set[str] = field(default_factory=set)


def persons_of(settings: Settings) -> Persons:
    """Return everybody in Bases A and B, as their owners see them; what is too short to tell a person is left out."""
    persons = Persons()
    for store, table in (("base_a", "cliente"), ("base_b", "pessoa")):
        columns = {"base_a": "cpf, id, longadouro, numero, nome", "base_b": "cpf, cliente_id, longadouro, numero"}
        engine = sql_engine(settings.secret(f"{store}_admin_url"), timeout=10)
        with engine.connect() as connection:
            rows = connection.execute(sa.text(f"select {columns[store]} from {table}")).all()
        engine.dispose()
        persons.cpfs |= {row[0] for row in rows if re.fullmatch(r"\d{11}", row[0]) and len(set(row[0])) > 1}
        persons.client_ids |= {row[1] for row in rows if len(row[1]) >= MIN_TEXT}
        persons.addresses |= {f"{row[2]}, {row[3]}" for row in rows if row[3]}
        persons.names |= {row[4] for row in rows if len(row) > 4}
    return persons


class Search:
    """Looks for all identifiers of some persons at once."""

    def __init__(self, persons: Persons) -> None:
        self._texts = _Needles()
        self._bytes = _Needles()
        for cpf in persons.cpfs:
            self._add_cpf(cpf)
        for kind, texts in ((NAME, persons.names), (ADDRESS, persons.addresses), (CLIENT_ID, persons.client_ids)):
            for text in texts:
                folded = fold(text.encode()).strip()
                if len(folded) >= MIN_TEXT and b" " in folded:
                    self._texts.add(folded, kind)
        for identifier in persons.client_ids:
            self._add_uuid(identifier)
        self._clean: set[bytes] = set()
        self._numbers = np.sort(np.array([int(cpf) for cpf in persons.cpfs], dtype=np.int64))

    def in_bytes(self, data: bytes, name: str) -> list[Leak]:
        """Return what is found in some bytes and all layers below them."""
        return self._in_layers(open_up(data, name))

    def in_file(self, path: Path) -> list[Leak]:
        """Return what is found in a file; one whose content was clean before is not searched again."""
        content = hashlib.sha256(path.read_bytes()).digest()
        leaks = [] if content in self._clean else self._in_layers(open_file(path))
        if not leaks and not path.with_name(path.name + "-wal").exists():
            self._clean.add(content)
        return leaks

    def in_memory(self, data: bytes, name: str) -> list[Leak]:
        """Return what stands in a process's memory as it is: no layers below."""
        return self._in_layers([(name, data)])

    def _in_layers(self, layers: Iterable[Layer]) -> list[Leak]:
        return sorted({leak for name, data in layers for leak in self._in_layer(name, data)}, key=str)

    def _in_layer(self, name: str, data: bytes) -> Iterator[Leak]:
        folds = [fold(data)] if data.isascii() else [fold(data), fold_latin1(data)]
        for folded in folds:
            yield from self._texts.find(folded, name)
        yield from self._bytes.find(data, name)
        yield from self._numbers_in(data, name)

    def _add_cpf(self, cpf: str) -> None:
        parts = (cpf[:3], cpf[3:6], cpf[6:9], cpf[9:])
        for text in (cpf, " ".join(parts), f"{cpf[:9]} {cpf[9:]}"):
            self._texts.add(text.encode(), CPF)
        if cpf[0] == "0" and cpf[1] != "0":
            self._texts.add(cpf[1:].encode(), CPF)  # as a number, it loses its zero
        for algorithm in (hashlib.md5, hashlib.sha1, hashlib.sha256):
            for text in (cpf, f"{cpf[:3]}.{cpf[3:6]}.{cpf[6:9]}-{cpf[9:]}"):
                digest = algorithm(text.encode())
                self._texts.add(digest.hexdigest()[:16].encode(), BARE_HASH)
                self._bytes.add(digest.digest()[:16], BARE_HASH)

    def _add_uuid(self, identifier: str) -> None:
        try:
            number = UUID(identifier)
        except ValueError:
            return
        self._texts.add(number.hex.encode(), CLIENT_ID)
        self._bytes.add(number.bytes, CLIENT_ID)

    def _numbers_in(self, data: bytes, name: str) -> Iterator[Leak]:
        for form in ("<i8", ">i8", "<f8", ">f8"):
            for begin in range(8):
                count = (len(data) - begin) // 8
                if count <= 0:
                    continue
                values = np.frombuffer(data, form, count, begin)
                with np.errstate(invalid="ignore"):
                    near = values[(values >= _BELOW_CPFS) & (values < _ABOVE_CPFS)]
                if not near.size:
                    continue
                whole = near[near == np.floor(near)].astype(np.int64)
                if np.isin(whole, self._numbers).any():
                    yield Leak(CPF, f"{name} (as a number, {form})", "")


class _Needles:
    """Byte strings by their first eight bytes, found in a pass over the haystack whatever their number."""

    def __init__(self) -> None:
        self._by_anchor: dict[bytes, list[tuple[bytes, str]]] = {}
        self._marked: np.ndarray | None = None

    def add(self, needle: bytes, kind: str) -> None:
        self._by_anchor.setdefault(needle[:_ANCHOR], []).append((needle, kind))
        self._marked = None

    def find(self, data: bytes, name: str) -> Iterator[Leak]:
        for place in self._candidates(data):
            for needle, kind in self._by_anchor.get(data[place : place + _ANCHOR], ()):
                if data.startswith(needle, place) and not (kind == CPF and _goes_on(data, place, len(needle))):
                    before = data[max(0, place - 40) : place].decode("ascii", "replace")
                    yield Leak(kind, name, before)

    def _candidates(self, data: bytes) -> Iterator[int]:
        if self._marked is None:
            self._marked = np.zeros(1 << _BITS, dtype=bool)
            self._marked[_hashes(np.frombuffer(b"".join(self._by_anchor), "<u8"))] = True
        for begin in range(_ANCHOR):
            count = (len(data) - begin) // _ANCHOR
            if count > 0:
                found = self._marked[_hashes(np.frombuffer(data, "<u8", count, begin))]
                yield from (np.flatnonzero(found) * _ANCHOR + begin).tolist()


def _hashes(anchors: np.ndarray) -> np.ndarray:
    return (anchors * _MULTIPLIER) >> np.uint64(64 - _BITS)


def _goes_on(data: bytes, place: int, length: int) -> bool:
    """Return whether the digits found are a part of a longer number."""
    return data[place - 1 : place].isdigit() or data[place + length : place + length + 1].isdigit()


def _base_letter(code: int) -> int:
    """Return a Latin-1 character in lower case without its accent, a space for all that is no letter or digit."""
    base = unicodedata.normalize("NFKD", chr(code))[0].lower()
    return ord(base) if base.isascii() and base.isalnum() else ord(" ")


_LATIN1 = bytes(map(_base_letter, range(256)))
_ASCII = _LATIN1[:128] + b" " * 128
_ACCENTED = re.compile(rb"[\xc2\xc3][\x80-\xbf]")
_COMBINING = re.compile(rb"\xcc[\x80-\xbf]|\xcd[\x80-\xaf]")
_SPACES = re.compile(rb" {2,}")


def fold(data: bytes) -> bytes:
    """Return UTF-8 (or nearly) in lower case, without accents; whatever is no letter or digit is one space.

    >>> fold("José d'Ávila\\n  S/A".encode())
    b'jose d avila s a'
    """
    if not data.isascii():
        data = _COMBINING.sub(b"", data)
        data = _ACCENTED.sub(lambda m: _LATIN1[ord(m[0].decode()) :][:1], data)
    return _SPACES.sub(b" ", data.translate(_ASCII))


def fold_latin1(data: bytes) -> bytes:
    """Return Latin-1 as ``fold`` returns UTF-8."""
    return _SPACES.sub(b" ", data.translate(_LATIN1))


def valid_cpfs(text: str) -> set[str]:
    """Return the CPFs of right check digits in a text, plain or punctuated."""
    found = re.findall(r"(?<![\d.])(\d{3})\.?(\d{3})\.?(\d{3})-?(\d{2})(?![\d.]*\d)", text)
    return {cpf for parts in found if (cpf := normalize_cpf("".join(parts)))}
