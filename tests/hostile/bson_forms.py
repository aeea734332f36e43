"""A value of every BSON type, and of each the ends, as bytes.

They are written by hand, so that what no driver would send can be sent: text that is not UTF-8, a field twice,
dates beyond every calendar.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from bson import Decimal128


@dataclass(frozen=True)
class Form:
    """One value: what it is called, its BSON type and its bytes."""

    name: str
    type: int
    payload: bytes


def text(value: str | bytes, name: str = "texto", *, of_type: int = 0x02) -> Form:
    raw = value if isinstance(value, bytes) else value.encode()
    return Form(name, of_type, struct.pack("<i", len(raw) + 1) + raw + b"\0")


def instant(milliseconds: int, name: str = "instante") -> Form:
    return Form(name, 0x09, struct.pack("<q", milliseconds))


def double(value: float) -> Form:
    return Form(f"double {value!r}", 0x01, struct.pack("<d", value))


def int32(value: int) -> Form:
    return Form(f"int32 {value}", 0x10, struct.pack("<i", value))


def int64(value: int) -> Form:
    return Form(f"int64 {value}", 0x12, struct.pack("<q", value))


def decimal(value: str) -> Form:
    return Form(f"decimal {value[:12]}", 0x13, Decimal128(value).bid)


def object_id(number: int) -> Form:
    return Form("ObjectId", 0x07, number.to_bytes(12, "big"))


def document(elements: Sequence[tuple[str, Form]]) -> bytes:
    """Return a document of these fields, in this order, whatever their names."""
    body = b"".join(bytes([form.type]) + name.encode() + b"\0" + form.payload for name, form in elements)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def array(items: Sequence[Form]) -> Form:
    return Form("lista", 0x04, document([(str(i), item) for i, item in enumerate(items)]))


def nested(levels: int, *, in_arrays: bool = False) -> Form:
    """Return documents (or lists) inside one another, so many."""
    raw = document([("a", int32(1))])
    for _ in range(levels - 1):
        raw = document([("0" if in_arrays else "a", Form("", 0x04 if in_arrays else 0x03, raw))])
    return Form(f"{levels} {'listas' if in_arrays else 'documentos'}", 0x04 if in_arrays else 0x03, raw)


def binary(subtype: int, raw: bytes) -> Form:
    return Form(f"binário {subtype}", 0x05, struct.pack("<iB", len(raw), subtype) + raw)


_FUNCTION = text("while(1){}", of_type=0x0D).payload
_SCOPE = document([("x", int32(1))])
_EMPTY = document([])

NULL = Form("nulo", 0x0A, b"")
UNDEFINED = Form("undefined", 0x06, b"")

TEXTS = (
    text("", "vazio"),
    text("a\0b", "NUL no meio"),
    text("\U0001f4a3\U00020000", "quatro bytes"),
    text("x" * 70_000, "muito longo"),
    text("\u202egnirts\u2066\u200f", "direita para a esquerda"),
    text("\r\n\x1b[2J\u2028\u0085", "controles"),
    text('{"$gt": ""}', "operador em texto"),
    text("'; drop table cliente; --", "SQL"),
    text("<script>alert(1)</script>", "HTML"),
    text(" Titular\n", "titular"),
    text("NaN", "NaN em texto"),
    text("2025-01-10T00:00:00Z", "data em texto"),
)
NOT_UTF8 = (
    text(b"\xed\xa0\x80", "surrogate solto"),
    text(b"\xff\xfe\x80", "não é UTF-8"),
    text(b"\xc0\x80", "NUL longo demais"),
    text(b"\xf4\x90\x80\x80", "além do Unicode"),
)
INSTANTS = (
    instant(-(2**63), "menor int64"),
    instant(2**63 - 1, "maior int64"),
    instant(-62_167_219_200_000, "ano 0"),
    instant(253_402_300_800_000, "ano 10000"),
    instant(-62_135_596_800_001, "antes do ano 1"),
    instant(-2_208_988_800_001, "fim de 1899"),
    instant(-2_208_988_800_000, "começo de 1900"),
    instant(7_289_654_399_000, "fim de 2200"),
    instant(7_289_654_400_000, "começo de 2201"),
    instant(-1, "antes de 1970"),
    instant(0, "1970"),
)
AMOUNTS = (
    *(double(v) for v in (float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, 1.7976931348623157e308)),
    *(double(v) for v in (0.004999, 0.005, 0.015, 10.075, -3.5, 1e9, 1e9 + 0.02)),
    *(int32(v) for v in (0, -(2**31), 2**31 - 1)),
    *(int64(v) for v in (-(2**63), 2**63 - 1, 1)),
    *(decimal(v) for v in ("NaN", "sNaN", "-NaN", "Infinity", "-Infinity", "0E+6111", "-0", "1E-6176")),
    *(decimal(v) for v in ("9.999999999999999999999999999999999E+6144", "-1E+6000", "0.005", "0.015", "0.0051")),
    *(decimal(v) for v in ("1000000000.00", "1000000000.01", "1234567890123456789012345678901234", "12.34")),
    Form("decimal fora da precisão", 0x13, b"\xff" * 8 + struct.pack("<Q", 0x3041_FFFF_FFFF_FFFF)),
    Form("decimal da segunda forma", 0x13, b"\x01" * 8 + struct.pack("<Q", 0x6C10_0000_0000_0001)),
)
OTHERS = (
    Form("documento vazio", 0x03, _EMPTY),
    Form("documento", 0x03, document([("cpf", text("52998224725")), ("$gt", text(""))])),
    Form("referência", 0x03, document([("$ref", int32(1)), ("$id", NULL), ("$db", int32(2))])),
    Form("lista vazia", 0x04, _EMPTY),
    array([int32(1), NULL, instant(0)]),
    *(
        array([text("52998224725"), odd, text("00000000191")])
        for odd in (
            Form("expressão que não é UTF-8", 0x0B, b"\xff\0\0"),
            Form("nome que não é UTF-8", 0x03, b"\x08\0\0\0\x0a\xff\0\0"),
            Form("referência a nada", 0x03, document([("$ref", int32(1)), ("$id", NULL), ("$db", int32(2))])),
            instant(2**63 - 1),
            nested(120),
            nested(120, in_arrays=True),
            text(b"\xed\xa0\x80"),
            binary(4, b"curto"),
            Form("código", 0x0D, text("0").payload),
            text("0", of_type=0x0E),
        )
    ),
    nested(90),
    nested(90, in_arrays=True),
    *(binary(subtype, b"\0\xff" * 8) for subtype in (0, 1, 3, 4, 5, 6, 7, 8, 9, 128, 255)),
    binary(4, b"curto"),
    binary(0, b""),
    Form("binário antigo", 0x05, struct.pack("<iBi", 7, 2, 3) + b"abc"),
    object_id(0),
    Form("verdadeiro", 0x08, b"\1"),
    Form("falso", 0x08, b"\0"),
    Form("expressão", 0x0B, b"^(a+)+$\0i\0"),
    Form("ponteiro", 0x0C, text("banco.coleção").payload + bytes(12)),
    Form("código", 0x0D, _FUNCTION),
    text("52998224725", "símbolo", of_type=0x0E),
    Form("código com escopo", 0x0F, struct.pack("<i", 4 + len(_FUNCTION) + len(_SCOPE)) + _FUNCTION + _SCOPE),
    Form("timestamp", 0x11, struct.pack("<q", 2**62)),
    Form("minkey", 0xFF, b""),
    Form("maxkey", 0x7F, b""),
)
FORMS = (NULL, UNDEFINED, *TEXTS, *NOT_UTF8, *INSTANTS, *AMOUNTS, *OTHERS)
