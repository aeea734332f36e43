"""The types of BSON: their bytes, and how long a value of each is (bsonspec.org, version 1.1)."""

from __future__ import annotations

DOUBLE, STRING, DOCUMENT, ARRAY, BINARY, UNDEFINED, OBJECT_ID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07
DATE, NULL, REGEX, DB_POINTER, CODE, SYMBOL, SCOPED_CODE = 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F
INT32, INT64, DECIMAL128 = 0x10, 0x12, 0x13
ABSENT = 0x00

FIXED_SIZES = {
    DOUBLE: 8, UNDEFINED: 0, OBJECT_ID: 12, 0x08: 1, DATE: 8, NULL: 0,
    INT32: 4, 0x11: 8, INT64: 8, DECIMAL128: 16, 0x7F: 0, 0xFF: 0,
}  # fmt: skip
PREFIXED = {
    STRING: (4, 1), CODE: (4, 1), SYMBOL: (4, 1), DOCUMENT: (0, 5), ARRAY: (0, 5),
    SCOPED_CODE: (0, 14), BINARY: (5, 0), DB_POINTER: (16, 1),
}  # fmt: skip
"""Types that start with an int32 length: bytes that the length leaves out, and the least it may be."""

ENDS_WITH_NUL = (STRING, CODE, SYMBOL, DOCUMENT, ARRAY)
