"""Checks of a record by itself: types, missing fields, CPF, dates, money, domains, frequencies, end before start.

All derive from the table's declaration. Wrong types in an optional field are harmless: the value is absent.
"""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.cpf import has_valid_digits, is_well_formed
from contracts.income_frequency import normalize_frequency
from contracts.reference_date import EARLIEST_DATE, LATEST_DATE, cutoff_utc
from contracts.table_declaration import Column, Kind
from contracts.tables import CLIENTE, LONGEST_CLIENT_ID, MAX_PLAUSIBLE_CENTS
from extract.records import Decoded, Defect, Flags, Records
from extract.value_runs import Runs
from extract.verdicts import Verdicts

BIRTH_DATE = "data_nascimento"
FREQUENCY = "frequencia"


def check_fields(records: Records, verdicts: Verdicts, *, as_of: date) -> None:
    """Give every record its verdict by the rules that need no other record."""
    for column in records.table.read_columns:
        decoded = records.columns[column.name]
        _check_presence(column, decoded, verdicts)
        if column.name == "cpf":
            _check_cpf(decoded, verdicts)
        elif column.kind is Kind.MONEY:
            _check_money(decoded, verdicts)
        elif column.kind in (Kind.DATE, Kind.INSTANT):
            _check_date(column, decoded, verdicts)
            if column.name == BIRTH_DATE:
                _check_birth(records, verdicts, as_of=as_of)
        elif column.name == "id" and records.table is CLIENTE:
            verdicts.apply("valor_fora_do_dominio", _unpublishable(decoded))
        elif column.domain:
            domain = pc.is_in(decoded.values, value_set=pa.array(column.domain))
            verdicts.apply("valor_fora_do_dominio", flags(pc.and_(decoded.values.is_valid(), pc.invert(domain))))
        elif column.name == FREQUENCY:
            known = normalized_frequencies(decoded.values).is_valid()
            verdicts.apply("frequencia_desconhecida", flags(pc.and_(decoded.values.is_valid(), pc.invert(known))))
    _check_end(records, verdicts)


def normalized_frequencies(values: pa.Array) -> pa.Array:
    """Return each frequency in its one canonical form; null where it is unknown or null."""
    encoded = values.dictionary_encode()
    canonical = [normalize_frequency(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(canonical, pa.string()).take(encoded.indices)


def flags(mask: pa.Array) -> Flags:
    """Return a boolean Arrow array as numpy flags, null as False."""
    return np.asarray(pc.fill_null(mask, False) if mask.null_count else mask)


def _check_presence(column: Column, decoded: Decoded, verdicts: Verdicts) -> None:
    if column.nullable:
        return
    verdicts.apply("tipo_errado", decoded.has(Defect.WRONG_TYPE))
    absent = np.asarray(decoded.values.is_null())
    if decoded.defects is not None:
        absent = absent & (decoded.defects == Defect.NONE)
    verdicts.apply("campo_ausente", absent)


def _check_cpf(decoded: Decoded, verdicts: Verdicts) -> None:
    runs = Runs.of(decoded.values)
    wrong = ~np.asarray(has_valid_digits(runs.values)) & np.asarray(runs.values.is_valid())
    well_formed = np.zeros(len(wrong), dtype=bool)
    well_formed[wrong] = is_well_formed(runs.values.filter(pa.array(wrong)))
    verdicts.apply("cpf_malformado", runs.spread(wrong & ~well_formed))
    verdicts.apply("cpf_digito_verificador", runs.spread(wrong & well_formed))


def _unpublishable(ids: Decoded) -> Flags:
    """Return which consumers' ids neither a published record nor PostgreSQL has room for: too long, or with a NUL."""
    too_long = pc.greater(pc.binary_length(ids.values), LONGEST_CLIENT_ID)
    return flags(pc.or_(too_long, pc.match_substring(ids.values, "\0")))


def _check_money(decoded: Decoded, verdicts: Verdicts) -> None:
    verdicts.apply("valor_nao_finito", decoded.has(Defect.NOT_FINITE))
    verdicts.apply("valor_nao_positivo", flags(pc.less_equal(decoded.values, 0)))
    verdicts.apply("valor_absurdo", flags(pc.greater(decoded.values, MAX_PLAUSIBLE_CENTS)))


def _check_birth(records: Records, verdicts: Verdicts, *, as_of: date) -> None:
    """Refuse a birth after the reference date, of a person who was known by then; others are not judged yet."""
    birth, known = records.columns[BIRTH_DATE].values, records.columns[records.table.known_at or BIRTH_DATE].values
    by_then = pc.less(known, pa.scalar(cutoff_utc(as_of), known.type))
    verdicts.apply("data_impossivel", flags(pc.and_(by_then, pc.greater(birth, pa.scalar(as_of, birth.type)))))


def _check_date(column: Column, decoded: Decoded, verdicts: Verdicts) -> None:
    kind, latest, earliest = decoded.values.type, LATEST_DATE, EARLIEST_DATE
    if column.kind is Kind.INSTANT:
        after = pc.greater(decoded.values, pa.scalar(datetime(latest.year, latest.month, latest.day, 23, 59, 59), kind))
        before = pc.less(decoded.values, pa.scalar(datetime(earliest.year, earliest.month, earliest.day), kind))
    else:
        after = pc.greater(decoded.values, pa.scalar(latest, kind))
        before = pc.less(decoded.values, pa.scalar(earliest, kind))
    verdicts.apply("data_impossivel", flags(pc.or_(before, after)))


def _check_end(records: Records, verdicts: Verdicts) -> None:
    table = records.table
    if table.known_at is None or table.ended_at is None:
        return
    start, end = records.columns[table.known_at].values, records.columns[table.ended_at].values
    verdicts.apply("fim_antes_do_inicio", flags(pc.less(end, start)))
