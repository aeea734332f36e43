"""The rules of extraction said again the plain way, one record at a time, to hold the engine's verdicts against.

A record is what it means: each read column's value as text, microseconds since 1970, days since 1970 or cents; or
one of the marks below. Which rule it meets first follows the order in docs/reference/rules.md.
"""

from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from bson import Decimal128

from contracts.reference_date import cutoff_utc, prescription_date
from contracts.table_declaration import Column, Kind, Store, Table
from contracts.tables import TABLES_BY_NAME
from tests.hostile.elements import elements_of, text_of

WRONG_TYPE = "<tipo errado>"
NOT_FINITE = "<não finito>"
FREQUENCIES = ["diaria", "semanal", "quinzenal", "mensal", "bimestral", "trimestral", "semestral", "anual", "unica"]
EPOCH = datetime(1970, 1, 1)
DAY = 86_400_000_000
_EXACT = Context(prec=6300, Emax=999_999, Emin=-999_999)


def microseconds(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


EARLIEST, LATEST = microseconds(datetime(1900, 1, 1)), microseconds(datetime(2200, 12, 31, 23, 59, 59))
ABSURD_CENTS = 10**11


@dataclass(frozen=True)
class Judged:
    """A record's table, its key as rejects show it, what it means, and the rule it should meet, if any."""

    table: str
    key: str
    meaning: Mapping[str, Any]
    rule: str | None = None


def is_valid_cpf(text: str) -> bool:
    digits = [int(digit) for digit in text]
    for length in (9, 10):
        total = sum(digit * weight for digit, weight in zip(digits, range(length + 1, 1, -1), strict=False))
        if digits[length] != (0 if total % 11 < 2 else 11 - total % 11):
            return False
    return len(set(digits)) > 1


def cents_of(amount: Decimal) -> int:
    return int((_EXACT.multiply(amount, Decimal(100))).to_integral_value(ROUND_HALF_EVEN, _EXACT))


def read_document(table: Table, raw: bytes) -> tuple[str, dict[str, Any]]:
    """Return a document's key as rejects show it, and what its fields mean: one that is repeated, nothing."""
    found: dict[bytes, list[tuple[int, bytes]]] = defaultdict(list)
    for kind, name, value in elements_of(raw):
        found[name].append((kind, value))
    kind, value = found[b"_id"][0]
    key = value.hex() if kind == 0x07 else "sha256:" + hashlib.sha256(value).hexdigest()[:16]
    meaning = {}
    for column in table.read_columns:
        values = found[column.name.encode()]
        mark = None if not values else WRONG_TYPE if len(values) > 1 else _value_of(column, *values[0])
        meaning[column.name] = None if column.nullable and mark == WRONG_TYPE else mark
    return key, meaning


def _value_of(column: Column, kind: int, value: bytes) -> Any:
    if kind in (0x0A, 0x06):
        return None
    if column.kind is Kind.TEXT:
        return text_of(value).decode("utf-8", "replace") if kind == 0x02 else WRONG_TYPE
    if column.kind is Kind.INSTANT:
        return struct.unpack("<q", value)[0] * 1000 if kind == 0x09 else WRONG_TYPE
    return _cents(kind, value)


def _cents(kind: int, value: bytes) -> int | str:
    if kind == 0x01:
        number = struct.unpack("<d", value)[0]
        if number - number != 0:
            return NOT_FINITE
        return cents_of(Decimal(number)) if abs(number) > 1e300 else round(number * 100)
    if kind in (0x10, 0x12):
        return int(struct.unpack("<i" if kind == 0x10 else "<q", value)[0]) * 100
    if kind != 0x13:
        return WRONG_TYPE
    amount = Decimal128.from_bid(value).to_decimal()
    if not amount.is_finite():
        return NOT_FINITE
    return 0 if len(amount.as_tuple().digits) > 34 else cents_of(amount)  # out of precision: zero, by IEEE 754


class Judge:
    """Knows the clients: id and CPF of each, and what became of them ("usado", "rejeitado" or "posterior")."""

    def __init__(self, as_of: date) -> None:
        self._as_of = as_of
        self._cutoff = microseconds(cutoff_utc(as_of))
        self._by_cpf: dict[str, tuple[str, str]] = {}
        self._by_id: dict[str, tuple[str, str]] = {}

    def know_client(self, client_id: str, cpf: str, state: str = "usado") -> None:
        """Note a client; of several with one CPF or id, one that is used counts."""
        for known, key, other in ((self._by_cpf, cpf, client_id), (self._by_id, client_id, cpf)):
            if state == "usado" or key not in known:
                known[key] = (other, state)

    def judge_clients(self, records: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Judged]:
        """Return the verdict of each client, and know them from then on."""
        judged = self.judge(TABLES_BY_NAME["cliente"], records)
        for one in judged:
            state = {None: "usado", "posterior_a_data_referencia": "posterior"}.get(one.rule, "rejeitado")
            self.know_client(one.meaning["id"], one.meaning["cpf"], state)
        return judged

    def judge(self, table: Table, records: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Judged]:
        """Return the verdict of each record of a table, given by key and meaning."""
        found = [Judged(table.name, key, meaning, self._first_rule(table, meaning)) for key, meaning in records]
        repeated = self._repeated(table, [one for one in found if one.rule is None])
        return [
            Judged(one.table, one.key, one.meaning, one.rule or self._last_rule(table, one, repeated)) for one in found
        ]

    def _first_rule(self, table: Table, meaning: Mapping[str, Any]) -> str | None:
        required = [column.name for column in table.read_columns if not column.nullable]
        if any(meaning[name] == WRONG_TYPE for name in required):
            return "tipo_errado"
        if any(meaning[name] is None for name in required):
            return "campo_ausente"
        return (
            self._of_cpf(meaning)
            or self._of_dates(table, meaning)
            or self._of_money(table, meaning)
            or self._of_texts(table, meaning)
            or self._of_end(table, meaning)
            or self._of_links(table, meaning)
            or self._of_time(table, meaning)
        )

    def _of_cpf(self, meaning: Mapping[str, Any]) -> str | None:
        if "cpf" not in meaning:
            return None
        if not re.fullmatch("[0-9]{11}", meaning["cpf"]):
            return "cpf_malformado"
        return None if is_valid_cpf(meaning["cpf"]) else "cpf_digito_verificador"

    def _of_dates(self, table: Table, meaning: Mapping[str, Any]) -> str | None:
        for column in table.read_columns:
            value = meaning[column.name]
            if column.kind is Kind.INSTANT and value is not None and not EARLIEST <= value <= LATEST:
                return "data_impossivel"
            if column.kind is Kind.DATE and value is not None and not EARLIEST <= value * DAY <= LATEST:
                return "data_impossivel"
        born, today = meaning.get("data_nascimento"), (self._as_of - date(1970, 1, 1)).days
        is_born_later = born is not None and born > today and meaning["registrado_em"] < self._cutoff
        return "data_impossivel" if is_born_later else None

    def _of_money(self, table: Table, meaning: Mapping[str, Any]) -> str | None:
        for column in table.read_columns:
            if column.kind is Kind.MONEY:
                value = meaning[column.name]
                if value == NOT_FINITE:
                    return "valor_nao_finito"
                if value <= 0:
                    return "valor_nao_positivo"
                if value > ABSURD_CENTS:
                    return "valor_absurdo"
        return None

    def _of_texts(self, table: Table, meaning: Mapping[str, Any]) -> str | None:
        if table.name == "cliente" and ("\0" in meaning["id"] or len(meaning["id"].encode()) > 36):
            return "valor_fora_do_dominio"
        for column in table.read_columns:
            if column.domain and meaning[column.name] not in column.domain:
                return "valor_fora_do_dominio"
        if "frequencia" in meaning and _frequency(meaning["frequencia"]) not in FREQUENCIES:
            return "frequencia_desconhecida"
        return None

    def _of_end(self, table: Table, meaning: Mapping[str, Any]) -> str | None:
        if table.ended_at is None or meaning[table.ended_at] is None:
            return None
        return "fim_antes_do_inicio" if meaning[table.ended_at] < meaning[str(table.known_at)] else None

    def _of_links(self, table: Table, meaning: Mapping[str, Any]) -> str | None:
        if table.name == "cliente":
            return None
        known = self._by_cpf if table.joins_by == "cpf" else self._by_id
        other, state = known.get(meaning[table.joins_by], ("", "nenhum"))
        if state == "nenhum":
            return "orfao"
        if table.joins_by == "cpf" and "cliente_id" in meaning and meaning["cliente_id"] != other:
            return "cliente_divergente"
        return {"rejeitado": "titular_rejeitado", "posterior": "titular_posterior"}.get(state)

    def _of_time(self, table: Table, meaning: Mapping[str, Any]) -> str | None:
        if table.known_at is None or meaning[table.known_at] < self._cutoff:
            return None
        return "posterior_a_data_referencia"

    def _repeated(self, table: Table, sound: list[Judged]) -> set[str]:
        """Return the keys of records equal to another in all but the key, or with its transaction's code."""
        repeated: set[str] = set()
        for same in (self._in_the_lake(table), _transaction):
            groups = defaultdict(list)
            for one in sound:
                if one.key not in repeated and (of := same(one.meaning)) is not None:
                    groups[of].append(one.key)
            repeated |= {key for keys in groups.values() for key in sorted(keys)[1:]}
        return repeated

    def _in_the_lake(self, table: Table) -> Any:
        names = [column.name for column in table.read_columns if column.name != table.key]

        def values(meaning: Mapping[str, Any]) -> tuple[Any, ...]:
            kept = dict(meaning)
            if table.ended_at is not None and (kept[table.ended_at] or 0) >= self._cutoff:
                kept[table.ended_at] = None
            if "frequencia" in kept:
                kept["frequencia"] = _frequency(kept["frequencia"])
            return tuple(kept[name] for name in names)

        return values

    def _last_rule(self, table: Table, one: Judged, repeated: set[str]) -> str | None:
        if one.key in repeated:
            return "duplicado"
        if table.name == "consultas" and one.meaning["tipo_empresa"].strip().casefold() == "titular":
            return "consulta_do_titular"
        oldest = (prescription_date(self._as_of) - date(1970, 1, 1)).days
        if table.name == "divida" and one.meaning["vencimento"] < oldest:
            return "divida_prescrita"
        is_event = table.store is Store.C
        return "fora_da_janela" if is_event and one.meaning[str(table.known_at)] < self._cutoff - 365 * DAY else None


def _transaction(meaning: Mapping[str, Any]) -> tuple[str, str] | None:
    code = meaning.get("codigo_transacao")
    return None if code is None else (meaning["cpf"], code)


def _frequency(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(character for character in plain if not unicodedata.combining(character))
