"""Good samples changed at random, as bytes, as text, and as JSON trees: the changes that both engines make."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

MAX_BYTES = 1 << 16

INTEGERS = (
    0,
    1,
    -1,
    2,
    4,
    5,
    127,
    128,
    255,
    256,
    0x7FFF,
    0x8000,
    0xFFFF,
    2**31 - 1,
    -(2**31),
    2**31,
    2**32 - 1,
    2**63 - 1,
)
HOSTILE_TEXTS = (
    "", " ", "\0", "\n", "a\r\nb: c", "\x1b[31m", "\u2028", "\ud800", "\U0010ffff", "é", "e\u0301", "İ", "ß",
    "../../etc/passwd", "'; DROP TABLE cliente; --", '{"$gt": ""}', "${jndi:ldap://x}", "{0.__class__}", "%n%s", "%00",
    "__import__('os').system('id')", "cos\nsystem\n(S'id'\ntR.", "NaN", "Infinity", "-1", "1e999", "0x10", "١٢٣", "²",
    "9" * 400, "A" * 5_000, "true", "null", "2025-02-30", "9999-12-31T23:59:59Z", "0001-01-01",
    "2025-01-01T00:00:00+99:99",
)  # fmt: skip
HOSTILE_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -0.0, 1, -1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**40, 10**400, 1e308, 5e-324,
    float("nan"), float("inf"), float("-inf"), [], {}, [[]], [None], {"": None}, {"__class__": "x"}, *HOSTILE_TEXTS,
)  # fmt: skip
_NUMBERS = re.compile(rb"-?\d+(?:\.\d+)?")
_WRITTEN = (
    b"0", b"-1", b"1e9999", b"1e-9999999999999999999", b"00", b"0.1", b"-0", b"9" * 30, b"9" * 5_000, b"1.5", b"NaN",
    b"Infinity", b"\xd9\xa1\xd9\xa2", b"1_0", b" 1 ", b"+1", b"0x1", b"2147483648", b"9223372036854775808", b"1e400",
)  # fmt: skip
DEEP = 60_000


def mutated(data: bytes, rng: Random, others: Sequence[bytes] = (), tokens: Sequence[bytes] = ()) -> bytes:
    """Return the sample with one to four changes, often of the kind that its form invites."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        if data[:1] in (b"{", b"[") and rng.random() < 0.6:
            data = _changed_document(data, rng)
        else:
            data = rng.choice(_CHANGES)(data, rng, others, tokens)
    return data[:MAX_BYTES]


def _changed_document(data: bytes, rng: Random) -> bytes:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return rng.choice(_CHANGES)(data, rng, (), ())
    if rng.random() < 0.02:
        opened, closed = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
        return data.replace(b"null", opened * DEEP + b"1" + closed * DEEP, 1) if rng.random() < 0.5 else opened * DEEP
    changed = _changed_tree(document, rng)
    try:
        text = json.dumps(changed, ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, None, 1)))
        encoded = text.encode("utf-8", rng.choice(("replace", "surrogatepass")))
    except (ValueError, RecursionError):
        return data
    if rng.random() < 0.03:  # a member twice
        encoded = re.sub(rb'("[^"\\]*": *)', rb"\g<1>null, \g<1>", encoded, count=rng.randrange(1, 4))
    return encoded


def _changed_tree(node: Any, rng: Random) -> Any:
    """Return a tree with one change, at a place each of whose ancestors was drawn."""
    if not isinstance(node, dict | list) or not node or rng.random() < 0.15:
        return _replacement(node, rng)
    places: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node)))
    place = rng.choice(places)
    copy: Any = dict(node) if isinstance(node, dict) else list(node)
    chance = rng.random()
    if chance < 0.12:
        del copy[place]
    elif chance < 0.18 and isinstance(copy, dict):
        copy[rng.choice(HOSTILE_TEXTS)] = copy.pop(place) if rng.random() < 0.5 else rng.choice(HOSTILE_VALUES)
    elif chance < 0.18:
        copy.insert(place, node[rng.choice(places)])
    elif chance < 0.22:
        copy[place] = node[rng.choice(places)]
    elif chance < 0.24 and isinstance(copy, list):
        copy.extend(node * rng.choice((1, 3, 50)))
    else:
        copy[place] = _changed_tree(node[place], rng)
    return copy


def _replacement(node: Any, rng: Random) -> Any:
    chance = rng.random()
    if chance < 0.15 or isinstance(node, bool):
        return rng.choice(([node], {"a": node}, rng.choice(HOSTILE_VALUES)))
    if isinstance(node, int) and abs(node) < 2**63 and chance < 0.5:
        return rng.choice((node + 1, node - 1, -node, float(node), str(node), node * 10**6, node + 0.5))
    if isinstance(node, float) and chance < 0.5:
        return rng.choice((-node, node * 1e300, str(node), node / 1e300))
    if isinstance(node, str) and chance < 0.5:
        return _changed_text(node, rng)
    return rng.choice(HOSTILE_VALUES)


def _changed_text(text: str, rng: Random) -> str:
    place = rng.randrange(len(text) + 1)
    inserted = rng.choice(HOSTILE_TEXTS)
    return rng.choice((text[:place] + inserted + text[place:], text[:place], text[place:], text * 2, text.swapcase()))


Change = Callable[[bytes, Random, Sequence[bytes], Sequence[bytes]], bytes]


def _flip(data: bytes, rng: Random, _others: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    if not data:
        return b"\0"
    changed = bytearray(data)
    changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set(data: bytes, rng: Random, _others: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    place = rng.randrange(len(data) + 1)
    new = bytes([rng.choice((0, 1, 10, 13, 27, 32, 34, 37, 39, 58, 64, 92, 127, 128, 255, rng.randrange(256)))])
    return data[:place] + new + data[place + rng.randrange(2) :]


def _cut(data: bytes, rng: Random, _others: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] if rng.random() < 0.4 else data[:start] + data[start + 1 + rng.randrange(16) :]


def _double(data: bytes, rng: Random, _others: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    start = rng.randrange(len(data) + 1)
    part = data[start : start + 1 + rng.randrange(32)]
    return data[:start] + part * rng.choice((2, 2, 3, 200)) + data[start + len(part) :]


def _insert(data: bytes, rng: Random, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    place = rng.randrange(len(data) + 1)
    known = (*tokens, *others) if rng.random() < 0.7 else ()
    new = rng.choice(known) if known else rng.choice(HOSTILE_TEXTS).encode("utf-8", "surrogatepass")
    return data[:place] + new[: 1 << 13] + data[place + (len(new) if rng.random() < 0.4 else 0) :]


def _splice(data: bytes, rng: Random, others: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    other = rng.choice(others) if others else data
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def _integer(data: bytes, rng: Random, _others: Sequence[bytes], _tokens: Sequence[bytes]) -> bytes:
    size = rng.choice((1, 2, 4, 4, 4, 8))
    if len(data) < size:
        return data
    place = rng.randrange(len(data) - size + 1)
    number = rng.choice((*INTEGERS, len(data), len(data) - place, len(data) - place - 1))
    number &= (1 << 8 * size) - 1
    return data[:place] + number.to_bytes(size, rng.choice(("little", "big"))) + data[place + size :]


def _number(data: bytes, rng: Random, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    found = [match.span() for match in _NUMBERS.finditer(data[:4096])]
    if not found:
        return _set(data, rng, others, tokens)
    start, end = rng.choice(found)
    return data[:start] + rng.choice(_WRITTEN) + data[end:]


_CHANGES: tuple[Change, ...] = (_flip, _set, _set, _cut, _double, _insert, _insert, _splice, _integer, _number)
