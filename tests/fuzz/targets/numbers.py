"""Single values as text: CPFs, dates, frequencies, money, and what a cursor of any driver may hand over."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa
import typer
from hypothesis import strategies as st

from contracts.cpf import has_valid_digits, is_well_formed, plain_cpfs
from contracts.cpf_number import mask_cpf, normalize_cpf
from contracts.income_frequency import MONTHLY_FACTORS, normalize_frequency
from contracts.letter_folding import fold, folded_words
from contracts.table_declaration import Kind
from extract.conversion import convert_column
from extract.cursor_rows import _array
from extract.money import MAX_CENTS
from extract.record_keys import key_texts
from extract.records import Decoded
from flows.commands.options import parse_date
from flows.person_cpfs import names_a_person
from flows.reference_date import check_reference_date
from serve.access.callers import is_purpose, is_subject
from tests.fuzz.target import CPF, NAME, Target, sent_text_of

_NOW = datetime(2026, 1, 1).astimezone()
_KINDS = {Kind.TEXT: pa.string(), Kind.DATE: pa.date32(), Kind.INSTANT: pa.timestamp("us"), Kind.MONEY: pa.int64()}


def _column(*texts: str | None) -> pa.Array:
    return pa.array(texts, pa.string())


def _read_cpf(data: bytes) -> None:
    text = sent_text_of(data)
    digits = normalize_cpf(text)
    if digits is not None:
        assert len(digits) == 11
        assert digits.isascii()
        assert digits.isdigit()
        assert has_valid_digits(_column(digits)).to_pylist() == [True]
        assert mask_cpf(digits).count("*") == 5
        assert names_a_person(digits)
    (is_valid,) = has_valid_digits(_column(text, CPF, None)).to_pylist()[:1]
    assert is_valid == (normalize_cpf(text) == text)
    assert not is_valid or is_well_formed(_column(text)).to_pylist() == [True]
    (plain,) = plain_cpfs(_column(text)).to_pylist()
    assert plain.isascii()
    assert plain.isdigit()
    assert len(plain) >= 11
    (key, known) = key_texts(_column(text, CPF)).to_pylist()
    assert known.startswith("sha256:")
    assert key is not None


def _read_words(data: bytes) -> None:
    text = sent_text_of(data)
    found = normalize_frequency(text)
    assert found is None or found in MONTHLY_FACTORS
    assert fold(fold(text)) == fold(text)
    assert all(word and " " not in word for word in folded_words(text))
    if is_purpose(text):
        assert text.isprintable()
        assert not any(c.isnumeric() for c in text)
    if is_subject(text):
        assert text.isprintable()
        assert normalize_cpf(text) is None


def _checked(decoded: Decoded, kind: Kind, rows: int) -> Decoded:
    """Assert that a column is of its kind and whole: a value or a defect or null, in every row."""
    assert decoded.values.type == _KINDS[kind]
    assert len(decoded.values) == rows
    decoded.values.validate(full=True)
    if decoded.defects is not None:
        assert len(decoded.defects) == rows
        assert decoded.values.filter(pa.array(decoded.defects != 0)).null_count == int((decoded.defects != 0).sum())
    return decoded


def _read_dates(data: bytes) -> None:
    texts = sent_text_of(data).split("\n")[:50]
    for kind in (Kind.DATE, Kind.INSTANT):
        whole = _checked(convert_column(kind, _column(*texts, None)), kind, len(texts) + 1)
        alone = convert_column(kind, _column(texts[0]))
        assert whole.values[0] == alone.values[0]
        convert_column(kind, pa.array([text.encode() for text in texts], pa.binary()))
    with suppress(typer.BadParameter):
        check_reference_date(parse_date(texts[0]), _NOW)


def _read_money(data: bytes) -> None:
    texts = sent_text_of(data).split("\n")[:50]
    column = _checked(convert_column(Kind.MONEY, _column(*texts, None)), Kind.MONEY, len(texts) + 1)
    for text, cents in zip(texts, column.values.to_pylist(), strict=False):
        assert cents is None or -MAX_CENTS <= cents <= MAX_CENTS
        if len(text) < 40:
            assert cents == _cents_of(text), text


def _cents_of(text: str) -> int | None:
    """Return the cents of a short decimal as schoolbooks have it."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite():
        return None
    if abs(value.adjusted()) > 60:
        return 0 if value.adjusted() < 0 or not value else (-MAX_CENTS if value < 0 else MAX_CENTS)
    numerator, denominator = (value * 100).as_integer_ratio()
    quotient, rest = divmod(abs(numerator), denominator)
    quotient += 2 * rest > denominator or (2 * rest == denominator and quotient % 2)
    return min(quotient, MAX_CENTS) * (-1 if numerator < 0 else 1)


def _read_numbers(data: bytes) -> None:
    """Read the bytes as columns of every type of number that a driver may give."""
    whole = data[: len(data) // 16 * 16]
    arrays = [pa.array(np.frombuffer(whole, kind)) for kind in ("<f8", "<f4", "<i8", "<i4", "<i2", "u1")]
    if whole:
        buffers = [None, pa.py_buffer(whole)]
        arrays += [
            pa.Array.from_buffers(kind, len(whole) // 16, buffers)
            for kind in (pa.decimal128(18, 2), pa.decimal128(38, 0), pa.decimal128(38, 30), pa.decimal128(20, -10))
        ]
        arrays.append(pa.Array.from_buffers(pa.timestamp("us"), len(whole) // 8, buffers))
        arrays.append(pa.Array.from_buffers(pa.timestamp("s", "America/Sao_Paulo"), len(whole) // 8, buffers))
        arrays.append(pa.Array.from_buffers(pa.date64(), len(whole) // 8, buffers))
    for array in arrays:
        for kind in Kind:
            decoded = convert_column(kind, array)
            assert len(decoded.values) == len(array)
            assert decoded.values.type == _KINDS[kind]


def _read_cursor(data: bytes) -> None:
    """Read JSON values as a cursor's: numbers, texts, decimals, dates."""
    try:
        values = json.loads(data, parse_float=_decimal_or_float)
    except (ValueError, RecursionError):
        return
    if isinstance(values, list) and all(map(_is_handed_over, values)):
        made = [date.max if value == "hoje" else value for value in values]
        for kind, arrow in ((Kind.TEXT, pa.string()), (Kind.MONEY, pa.decimal128(18, 2)), (Kind.DATE, pa.date32())):
            decoded = convert_column(kind, _array(made, arrow))
            assert len(decoded.values) == len(values)


def _is_handed_over(value: object) -> bool:
    """Return whether a driver gives such a value; none gives half a character."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() == value
    return value is None or isinstance(value, int | float | bool | Decimal)


def _decimal_or_float(text: str) -> Any:
    try:
        return Decimal(text) if len(text) % 2 else float(text)
    except InvalidOperation:  # an exponent beyond Decimal's; no driver has such a number
        return float(text)


_DATES = ("2025-06-30", "2025-06-30 23:59:59.999999", "2025-06-30T12:00:00+00", "infinity", "-infinity", "12025-01-01",
          "0001-01-01 00:00:00 BC", "2025-02-30", "2025-06-30 24:00:00", "2025-06-30 12:00:60Z", "20250630",
          "2025-W27-1")  # fmt: skip
_MONEY = ("0.00", "-1234.56", "10.075", "0.005", "99999999999999.99", "1e3", "NaN", "Infinity", "1E+400", "1e-400",
          "0.000000000000000001", "9" * 38, "1_000", " 5 ", "+5.125", "0x10")  # fmt: skip
_date_texts = st.builds(
    "{}{}{}{}".format,
    st.dates().map(str) | st.from_regex(r"[0-9]{1,6}-[0-9]{1,2}-[0-9]{1,2}", fullmatch=True),
    st.sampled_from(["", "T", " ", "  "]),
    st.times().map(str) | st.from_regex(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{0,9})?)?", fullmatch=True) | st.just(""),
    st.sampled_from(["", "Z", "+00", "+00:00", "-03", " BC", "+99", "z"]),
)
_CPF_LIKE = r"\s?[0-9\u0660-\u0669]{3}[.\-\s]?[0-9]{3}\.?[0-9]{3}-?[0-9]{1,3}\s?"
_number_texts = st.from_regex(r"[-+ ]?[0-9]{0,40}([.,][0-9]{0,30})?([eE][-+]?[0-9]{1,20})?", fullmatch=True)


def _lines(texts: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    return st.lists(texts, min_size=1, max_size=3).map(lambda lines: "\n".join(lines).encode())


TARGETS = (
    Target(
        "numbers/cpf",
        "CPFs, single and in columns, and record keys that look like one",
        ("contracts.cpf:_digits_of", "contracts.cpf_number:normalize_cpf"),
        lambda: [text.encode() for text in (CPF, "529.982.247-25", "1234567890", " 529 982 247 25 ", "11111111111")],
        _read_cpf,
        grammar=lambda: st.from_regex(_CPF_LIKE).map(str.encode),
    ),
    Target(
        "numbers/words",
        "income frequencies, names that are searched, purposes and names of consulentes",
        ("contracts.income_frequency:normalize_frequency",),
        lambda: [
            text.encode() for text in (" Diária ", "às vezes", "Joao D'Ávila-ÇÃO", "banco 11.222.333/0001-81", NAME)
        ],
        _read_words,
    ),
    Target(
        "numbers/dates",
        "dates and instants as text, and reference dates of commands",
        ("extract.conversion:_instant_column", "extract.conversion:_date_column", "flows.commands.options:parse_date"),
        lambda: [*(text.encode() for text in _DATES), "\n".join(_DATES).encode()],
        _read_dates,
        grammar=lambda: _lines(_date_texts),
    ),
    Target(
        "numbers/money",
        "money as decimal text, against schoolbook arithmetic",
        ("extract.money:_parse",),
        lambda: [*(text.encode() for text in _MONEY), "\n".join(_MONEY).encode()],
        _read_money,
        grammar=lambda: _lines(_number_texts),
    ),
    Target(
        "numbers/binary",
        "money, dates and texts from drivers' binary columns",
        ("extract.money:_limbs",),
        lambda: [bytes(16), b"\xff" * 32, np.array([1.5, np.nan, np.inf, -1e300], "<f8").tobytes()],
        _read_numbers,
    ),
    Target(
        "numbers/cursor",
        "values of any kind from an ordinary cursor",
        ("extract.cursor_rows:_array",),
        lambda: [b'["a", null, 1.25, "hoje"]', b"[1, 2.5, 3.125, null]", b'["2025-01-01", true]'],
        _read_cursor,
        regressions=(
            b"[9223372036854775808,null]",
            b"[NaN]",
            b'[NaN,"x"]',
        ),
    ),
)
