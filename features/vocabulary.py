"""The words that every formula shares: the date's instants and exact arithmetic, as DuckDB macros and Arrow kernels.

Enters a reference date; leave the ``CREATE MACRO`` statements whose names the catalog's SQL uses, and functions that
compute the same over Arrow columns. Instants are naive UTC. Rule: a fact counts if it was known before ``corte()``; a
window of N days holds ``corte() - N days <= t < corte()``, that is ``dias_ate_corte(t) < N``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.reference_date import REFERENCE_ZONE, cutoff_utc, prescription_date

MICROSECONDS_A_DAY = 86_400_000_000

MEANINGS = {
    "corte()": "primeiro instante depois do fim da data de referência em São Paulo, em UTC",
    "data_referencia()": "a data de referência",
    "prescricao()": "data de referência menos 5 anos: vencimento anterior a ela não alimenta nada",
    "dias_ate_corte(t)": "períodos inteiros de 24 horas entre t e o corte; janela de N dias = valor menor que N",
    "data_local(t)": "data de t em São Paulo, com o horário de verão de cada época",
    "reais(c)": "centavos inteiros divididos por 100, uma única divisão em ponto flutuante",
    "razao(n, d)": "n / d, uma única divisão em ponto flutuante; nulo se d não for maior que zero",
}
"""What each word means, in Portuguese, for the dictionary."""


def macro_statements(as_of: date) -> tuple[str, ...]:
    """Return the statements that define every word as of a date."""
    cutoff = _timestamp(cutoff_utc(as_of))
    elapsed = f"epoch_us({cutoff}) - 1 - epoch_us(t)"
    return (
        f"CREATE MACRO corte() AS {cutoff}",
        f"CREATE MACRO data_referencia() AS DATE '{as_of.isoformat()}'",
        f"CREATE MACRO prescricao() AS DATE '{prescription_date(as_of).isoformat()}'",
        f"CREATE MACRO dias_ate_corte(t) AS CAST(({elapsed}) // {MICROSECONDS_A_DAY} AS INTEGER)",
        f"CREATE MACRO data_local(t) AS CAST({_local_time(as_of)} AS DATE)",
        "CREATE MACRO reais(c) AS CAST(c AS DOUBLE) / CAST(100 AS DOUBLE)",
        "CREATE MACRO razao(n, d) AS CASE WHEN d > 0 THEN CAST(n AS DOUBLE) / CAST(d AS DOUBLE) END",
    )


def date_kernels(as_of: date) -> dict[str, Callable[..., Any]]:
    """Return the words that a date gives a meaning to, over Arrow arrays and scalars."""
    cutoff = pa.scalar(cutoff_utc(as_of), pa.timestamp("us"))
    today, oldest_due = pa.scalar(as_of), pa.scalar(prescription_date(as_of))
    last_microsecond = pa.scalar(pc.cast(cutoff, pa.int64()).as_py() - 1)

    def days_to_cutoff(instants: Any) -> Any:
        elapsed = pc.subtract_checked(last_microsecond, pc.cast(instants, pa.int64()))
        return pc.divide_checked(elapsed, MICROSECONDS_A_DAY)

    return {
        "corte": lambda: cutoff,
        "data_referencia": lambda: today,
        "prescricao": lambda: oldest_due,
        "dias_ate_corte": days_to_cutoff,
        "data_local": lambda instants: _local_dates(as_of, instants),
    }


def _local_dates(as_of: date, instants: Any) -> Any:
    """Return the São Paulo dates of instants, by the offsets that ``_local_time`` writes out."""
    offsets = _recent_offsets(as_of)
    _, oldest = offsets[-1]
    shift: Any = pa.scalar(timedelta(seconds=oldest))
    for start, seconds in reversed(offsets[:-1]):
        since = pc.greater_equal(instants, pa.scalar(start, pa.timestamp("us")))
        shift = pc.if_else(since, pa.scalar(timedelta(seconds=seconds)), shift)
    return pc.cast(pc.add(instants, shift), pa.date32())


@lru_cache(maxsize=16)
def zone_offsets(start: datetime, end: datetime) -> tuple[tuple[datetime, int], ...]:
    """Return (instant, offset in seconds) for every offset of São Paulo in ``start <= t < end``, newest first.

    The first offset is given as from ``start``. Instants are naive UTC, exact to the second.

    >>> zone_offsets(datetime(2018, 7, 1), datetime(2019, 7, 1))[0]
    (datetime.datetime(2019, 2, 17, 2, 0), -10800)
    """
    changes = [(start, _offset(start))]
    day = start
    while day < end:
        following = min(day + timedelta(days=1), end)
        if _offset(following) != _offset(day):
            instant = _find_change(day, following)
            if instant < end:
                changes.append((instant, _offset(instant)))
        day = following
    return tuple(reversed(changes))


def _find_change(before: datetime, after: datetime) -> datetime:
    """Return the first whole second in (before, after] that has ``after``'s offset."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if _offset(middle) == _offset(before):
            before = middle
        else:
            after = middle
    return after


def _offset(instant: datetime) -> int:
    offset = instant.replace(tzinfo=UTC).astimezone(REFERENCE_ZONE).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _local_time(as_of: date) -> str:
    """Return the SQL of ``t`` in local time, exact from the prescription date to the cutoff.

    Payments before that belong to no late debt whatever their offset, for every due date that counts is later.
    """
    *newer, (_, oldest) = _recent_offsets(as_of)
    shifted = f"t + INTERVAL ({oldest}) SECOND"
    if not newer:
        return shifted
    cases = " ".join(
        f"WHEN t >= {_timestamp(instant)} THEN t + INTERVAL ({seconds}) SECOND" for instant, seconds in newer
    )
    return f"CASE {cases} ELSE {shifted} END"


def _recent_offsets(as_of: date) -> tuple[tuple[datetime, int], ...]:
    return zone_offsets(cutoff_utc(prescription_date(as_of) - timedelta(days=1)), cutoff_utc(as_of))


def _timestamp(instant: datetime) -> str:
    return f"TIMESTAMP '{instant.isoformat(sep=' ')}'"
