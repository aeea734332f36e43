"""Labels: who defaulted within the horizon after a reference date (docs/explanation/the-score.md).

Enter the lake tables ``cliente`` and ``divida``; leaves one row for every client known at the reference date.
A client is bad if at least one debt of ``min_debt_cents`` or more falls due inside ``(as_of, as_of + horizon]``
and stays unpaid for more than 90 days. "Paid within 90 days" means that the local date (America/Sao_Paulo) of
``baixada_em`` is at most ``vencimento + 90 days``, that is ``baixada_em < cutoff_utc(vencimento + 90 days)``.

A debt more than five years past due at ``as_of`` cannot enter a label: every debt that counts falls due after
``as_of`` (CDC art. 43 §1; Súmula 323 STJ).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import TrainingRefusedError
from contracts.reference_date import add_months, cutoff_utc

DEFAULT_DAYS = 90
"""A debt unpaid for more than this many days is a default (Res. CMN 4.966)."""

LABELS_SCHEMA = pa.schema(
    [
        pa.field("cpf", pa.string(), nullable=False),
        pa.field("cliente_id", pa.string(), nullable=False),
        pa.field("is_bad", pa.bool_(), nullable=False),
    ]
)
"""One row a client known at the reference date, sorted by CPF."""


def matures_on(as_of: date, horizon_months: int) -> date:
    """Return the first date at whose end the label of ``as_of`` is known: horizon, then 90 days.

    >>> matures_on(date(2024, 3, 31), 12)
    datetime.date(2025, 6, 29)
    """
    return add_months(as_of, horizon_months) + timedelta(days=DEFAULT_DAYS)


def latest_labelled_date(observed_until: date, horizon_months: int) -> date:
    """Return the latest reference date whose label is known at the end of ``observed_until``.

    >>> latest_labelled_date(date(2025, 6, 29), 12)
    datetime.date(2024, 3, 31)
    """
    latest = add_months(observed_until - timedelta(days=DEFAULT_DAYS), -horizon_months)
    while matures_on(latest + timedelta(days=1), horizon_months) <= observed_until:
        latest += timedelta(days=1)
    return latest


def label_defaults(
    tables: Mapping[str, pa.Table],
    as_of: date,
    *,
    observed_until: date,
    horizon_months: int,
    min_debt_cents: int,
) -> pa.Table:
    """Return ``LABELS_SCHEMA``: every client known at ``as_of``, and whether they defaulted in the horizon.

    Only what was known by the end of ``observed_until`` counts. TrainingRefusedError names the first date at
    which the label can be computed, if that lies after ``observed_until``.
    """
    known_from = matures_on(as_of, horizon_months)
    if observed_until < known_from:
        raise TrainingRefusedError(
            f"labels as of {as_of} with a horizon of {horizon_months} months can be computed from {known_from} on; "
            f"the data ends on {observed_until}"
        )
    horizon_end = add_months(as_of, horizon_months)
    debts = _debts_due(tables["divida"], after=as_of, until=horizon_end, min_cents=min_debt_cents)
    debts = debts.filter(pc.less(debts["registrada_em"], _instant(cutoff_utc(observed_until))))
    defaulted = debts.filter(pa.array(_is_default(debts, as_of, horizon_end)))
    clients = tables["cliente"]
    clients = clients.filter(pc.less(clients["registrado_em"], _instant(cutoff_utc(as_of)))).sort_by("cpf")
    is_bad = pc.is_in(clients["id"], value_set=pc.unique(defaulted["cliente_id"]))
    return pa.table([clients["cpf"], clients["id"], is_bad], schema=LABELS_SCHEMA).combine_chunks()


def _debts_due(debts: pa.Table, *, after: date, until: date, min_cents: int) -> pa.Table:
    due = debts["vencimento"]
    in_horizon = pc.and_(pc.greater(due, pa.scalar(after)), pc.less_equal(due, pa.scalar(until)))
    return debts.filter(pc.and_(in_horizon, pc.greater_equal(debts["valor_centavos"], pa.scalar(min_cents))))


def _is_default(debts: pa.Table, as_of: date, horizon_end: date) -> npt.NDArray[np.bool_]:
    """Return which debts were not paid by the end, in São Paulo, of the 90th day after they fell due."""
    days = range(1, (horizon_end - as_of).days + 1)
    limits = np.array([cutoff_utc(as_of + timedelta(days=day + DEFAULT_DAYS)) for day in days], "datetime64[us]")
    due_day = debts["vencimento"].to_numpy().astype("datetime64[D]") - np.datetime64(as_of)
    paid_at = debts["baixada_em"].to_numpy().astype("datetime64[us]")
    unpaid: npt.NDArray[np.bool_] = np.isnat(paid_at) | (paid_at >= limits[due_day.astype(np.int64) - 1])
    return unpaid


def _instant(value: object) -> pa.Scalar:
    return pa.scalar(value, pa.timestamp("us"))
