"""Record keys as rejects show them: never a person's data.

A key of Base A or B is its text; an ObjectId of Base C is its 24 hex digits. Any other ``_id``, and any key
that looks like a CPF or holds a NUL, which PostgreSQL does not take, is shown as ``sha256:`` and 16 hex digits of its
hash.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

OBJECT_ID = 0x07
ID_PREFIX = 5
"""Bytes of an ``_id`` element before its value: the type and ``_id`` with its NUL."""

_OBJECT_ID_BYTES = 12
_LIKE_A_CPF = r"^\s*[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-?[0-9]{2}\s*$"
_NOT_SHOWN = rf"{_LIKE_A_CPF}|\x00"


def key_texts(keys: pa.Array) -> pa.Array:
    r"""Return keys (strings, or BSON ``_id`` elements) as the strings that ``rejeitado.chave`` holds.

    >>> key_texts(pa.array(["a1", "52998224725", None])).to_pylist()
    ['a1', 'sha256:7281dfb5e8becca0', None]
    >>> key_texts(pa.array(["a\0b"])).to_pylist()
    ['sha256:59b271ae1bbcb1d3']
    """
    if pa.types.is_binary(keys.type):
        return _element_texts(keys)
    hidden = np.asarray(pc.fill_null(pc.match_substring_regex(keys, _NOT_SHOWN), False))
    if not hidden.any():
        return keys
    rows = np.flatnonzero(hidden)
    hashed = [_digest(key.encode()) for key in keys.take(pa.array(rows)).to_pylist()]
    return pc.replace_with_mask(keys, pa.array(hidden), pa.array(hashed, pa.string()))


def _element_texts(elements: pa.Array) -> pa.Array:
    length = np.asarray(pc.fill_null(pc.binary_length(elements), 0))
    first = pc.fill_null(pc.equal(pc.binary_slice(elements, 0, 1), bytes([OBJECT_ID])), False)
    is_object_id = np.asarray(first) & (length == ID_PREFIX + _OBJECT_ID_BYTES)
    texts = _hex_texts(elements.filter(pa.array(is_object_id)))
    if is_object_id.all():
        return texts
    others = elements.filter(pa.array(~is_object_id)).to_pylist()
    hashed = [None if element is None else _digest(element[ID_PREFIX:]) for element in others]
    both = pa.concat_arrays([texts, pa.array(hashed, pa.string())])
    order = np.empty(len(elements), dtype=np.int64)
    order[is_object_id] = np.arange(len(texts))
    order[~is_object_id] = len(texts) + np.arange(len(hashed))
    return both.take(pa.array(order))


def _hex_texts(elements: pa.Array) -> pa.Array:
    identifiers = pc.binary_slice(elements, ID_PREFIX, ID_PREFIX + _OBJECT_ID_BYTES)
    digits = b"".join(identifiers.to_pylist()).hex().encode()
    offsets = np.arange(len(elements) + 1, dtype=np.int32) * (2 * _OBJECT_ID_BYTES)
    return pa.Array.from_buffers(pa.string(), len(elements), [None, pa.py_buffer(offsets), pa.py_buffer(digits)])


def _digest(value: bytes) -> str:
    return "sha256:" + hashlib.sha256(value).hexdigest()[:16]
